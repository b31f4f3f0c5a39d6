"""Work on the whole data set behind the request that asked: runs, whose steps are told and whose end is kept.

The work itself is done in processes beside the service, by all cores.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.contract.answers.runs import RunFacts
from models.contract.arguments import ExportArguments
from models.contract.bodies import JobBody
from services.dataset.publish_service import PublishService
from services.quality.report.quality_service import QualityService
from services.streams.run import Run
from services.streams.run_service import RunService
from utils.errors import ConflictError, NotFoundError, StorageError
from utils.side.followed import Told

# Files of exports that are kept; the oldest go when another begins.
_KEPT = 10
_WRITTEN = "bytes written"
_MIB = 1 << 20


@dataclass(frozen=True)
class ExportedFile:
    """A file that an export wrote."""

    path: Path
    name: str
    mimetype: str


class Jobs:
    """Thread-safe."""

    def __init__(self, runs: RunService, quality: QualityService, publish: PublishService, folder: Path) -> None:
        """Begin *runs*; exports are written into *folder*."""
        self._runs = runs
        self._publish = publish
        self._folder = folder
        self._work: Mapping[str, Callable[[Told], Mapping[str, object]]] = {
            "report": lambda told: {"report": quality.make(told)},
            "duplicates": lambda told: {**quality.duplicates(told)},
            "decontamination": lambda told: {**quality.contamination(told)},
        }

    def start(self, body: JobBody, key: str | None = None) -> str:
        """Begin what *body* asks for; return the id of its run.

        Raises:
            InputError: an export of an unknown format, field or split.
            UnavailableError, ConflictError: as of `RunService.start`.
        """
        request = body.model_dump(exclude_none=True, exclude_defaults=True, mode="json")
        if body.kind == "export":
            query = body.export or ExportArguments()
            self._publish.check_export(query)
            return self._runs.start(body.kind, request, lambda run: self._export(run, query), key)
        work = self._work[body.kind]
        return self._runs.start(body.kind, request, lambda run: work(run.teller()), key)

    def recent(self, kind: str, count: int) -> list[RunFacts]:
        """Return the last *count* runs of a kind, newest first."""
        return self._runs.recent(kind, count)

    def file(self, run_id: str) -> ExportedFile:
        """Return the file that an export wrote.

        Raises:
            NotFoundError: there is no such run, or its file is gone.
            ConflictError: it is not done, or is no export.
        """
        facts = self._runs.facts(run_id)
        result = facts["result"]
        if facts["kind"] != "export" or result is None:
            raise ConflictError(f"run {run_id[:80]}: is {facts['kind']}, {facts['state']}; want an export that is done")
        path = self._folder / facts["run_id"] / str(result["name"])
        if not path.is_file():
            raise NotFoundError(f"run {run_id[:80]}: its file is gone; the last {_KEPT} are kept")
        return ExportedFile(path, path.name, str(result["mimetype"]))

    def _export(self, run: Run, query: ExportArguments) -> Mapping[str, object]:
        told = run.teller()
        export = self._publish.download(query)
        folder = self._folder / run.id
        size = 0
        try:
            self._make_room()
            folder.mkdir(parents=True)
            with (folder / export.name).open("wb") as file:
                for part in export.content:
                    size += file.write(part)
                    told(_WRITTEN, size - size % _MIB, 0)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise StorageError(f"{folder}: cannot be written ({error.strerror}); nothing was kept") from error
            raise
        return {
            "name": export.name,
            "mimetype": export.mimetype,
            "size_bytes": size,
            "samples": export.samples,
            "data_version": export.data_version,
            "splits": dict(export.splits),
            "left_out": dict(export.left_out),
        }

    def _make_room(self) -> None:
        """Remove the oldest files, so that the new one is the last of those that are kept."""
        there = sorted(self._folder.glob("run_*"), key=lambda path: path.stat().st_mtime, reverse=True)
        under_way = self._runs.under_way.keys()
        for old in there[_KEPT - 1 :]:
            if old.name not in under_way:
                shutil.rmtree(old, ignore_errors=True)
