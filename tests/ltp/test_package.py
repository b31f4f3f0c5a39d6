"""The package: what is in it, what it needs, and that it runs where there is no clone."""

import importlib.metadata
import re
import tarfile
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ltp
from api.edge.version import VERSION
from config import PROJECT_DIR
from tests.e2e.server import BUSY_S
from tests.ltp.installed import Installed, InstalledServer, build
from tests.vendors.simulator import SimulatedVendor
from utils.installation import FILES, PARTS, how_to_install, missing

_PIN = re.compile(r"^([\w.-]+)(\[[\w,-]+\])?==([\w.]+)", re.MULTILINE)
_EXTRA = re.compile(r'extra == ["\']([\w-]+)["\']')


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel")


def asked(wheel: Path) -> dict[str, dict[str, Requirement]]:
    """Return what the package needs by extra ("" for all) and name."""
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(archive.read(name).decode())
    found: dict[str, dict[str, Requirement]] = {extra: {} for extra in ("", *(told.get_all("Provides-Extra") or ()))}
    for one in map(Requirement, told.get_all("Requires-Dist") or ()):
        extra = _EXTRA.search(str(one.marker or ""))
        found[extra[1] if extra else ""][canonicalize_name(one.name)] = one
    return found


def pinned(file: str) -> dict[str, str]:
    """Return the floors that the pins of a file are."""
    pins = _PIN.findall((PROJECT_DIR / file).read_text())
    return {canonicalize_name(name): f">={version}" for name, _, version in pins}


def test_wheel_puts_one_package_into_an_environment_and_all_that_the_service_reads_into_that(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names} == {"ltp", f"legal_training_platform-{VERSION}.dist-info"}
    inside = {name.removeprefix("ltp/_service/") for name in names}
    rooms = ("api", "catalog", "console", "models", "server", "services", "utils", "web")
    wanted = {
        str(path.relative_to(PROJECT_DIR))
        for room in rooms
        for path in (PROJECT_DIR / room).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".pyo") and "__pycache__" not in path.parts
    }
    modules = {path.name for path in PROJECT_DIR.glob("*.py")} - {"hatch_build.py"}
    assert wanted | modules <= inside
    assert "ltp/py.typed" in names


def test_package_asks_for_the_pinned_releases_or_newer_ones(wheel: Path) -> None:
    found = {extra: {name: str(one.specifier) for name, one in named.items()} for extra, named in asked(wheel).items()}

    whole, optional = pinned("requirements.txt"), {name for names in PARTS.values() for name in names}
    assert found.pop("") == {"httpx": whole.pop("httpx")}
    service = {name: floor for name, floor in whole.items() if name not in optional}
    assert found.pop("service") == service
    parts = {extra: {name: whole[name] for name in names} for extra, names in PARTS.items()}
    parts |= {extra: pinned(file) for extra, file in FILES.items()}
    assert found == {extra: service | more for extra, more in parts.items()} | {
        "all": service | {name: floor for more in parts.values() for name, floor in more.items()}
    }


def test_what_this_environment_has_is_what_the_package_may_be_used_with(wheel: Path) -> None:
    wanted = {name: one for extra in ("", "all") for name, one in asked(wheel)[extra].items()}
    here = {
        name: importlib.metadata.version(name)
        for name, one in wanted.items()
        if name != "faster-whisper" and (one.marker is None or one.marker.evaluate({"extra": "all"}))
    }

    assert [one for name, one in wanted.items() if name in here and here[name] not in one.specifier] == []


def test_archive_of_the_sources_has_what_builds_the_wheel(tmp_path: Path) -> None:
    with tarfile.open(build(tmp_path, "sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"pyproject.toml", "hatch_build.py", "requirements.txt", "ltp/__main__.py", "services/platform.py"} <= names
    assert {name.partition("/")[0] for name in names}.isdisjoint({".venv", "tests", ".git", "train.parquet"})


def test_version_is_the_same_everywhere() -> None:
    assert ltp.__version__ == VERSION
    assert f'\nversion = "{VERSION}"\n' in (PROJECT_DIR / "pyproject.toml").read_text()


def test_what_is_missing_is_told_with_the_command_that_brings_it() -> None:
    assert missing("httpx", "click") == ""
    assert missing("click", "no_such_module") == "no_such_module is missing; run `make install`"
    assert how_to_install("audio") == "pip install -r requirements-audio.txt"
    assert how_to_install("audio", is_package=True) == "pip install 'legal-training-platform[audio]'"


_BATCH = """
import sys, ltp
with ltp.Client(sys.argv[1]) as client:
    started = client.batches.start(count=2, provider="groq", topic="Tort Law - Nuisance", difficulty="basic")
    ended = client.wait_for_batch(started["batch_id"])
    print(ended["status"], len(list(client.samples.each(batch_id=started["batch_id"]))), ltp.__file__)
"""


# Modules of the extras, which who installs the service alone has not.
_OPTIONAL = ("xllamacpp", "onnxruntime", "onnx", "tokenizers", "psycopg", "redis", "pgqueuer", "opentelemetry")


def test_installed_command_serves_from_an_empty_folder_and_leaves_the_package_as_it_was(
    wheel: Path, tmp_path: Path
) -> None:
    installed = Installed(tmp_path / "environment", wheel, without=_OPTIONAL)
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "models.py").write_text("raise SystemExit('this is not the service')")
    before = installed.files()

    shown = installed.run("--help", folder=folder)
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as groq:
        (folder / ".env").write_text(f"GROQ_API_KEY=gsk_test_0123456789\nGROQ_BASE_URL={groq.url}\n")
        with InstalledServer(installed, folder) as server:
            health = server.get("health")
            usable = [provider["id"] for provider in server.get("providers")["providers"]]
            page = server.session.get(f"http://127.0.0.1:{server.port}/ui/", timeout=BUSY_S)
            told = installed.python(_BATCH, server.url.removesuffix("/api"))
            job = server.post("jobs", kind="report")  # made in a process beside
            events = server.session.get(f"{server.url}/runs/{job['run_id']}/events", timeout=BUSY_S).text

    assert shown.returncode == 0, shown.stderr
    assert "./legal-training-data" in shown.stdout
    assert installed.run("--version", folder=folder).stdout == f"ltp {VERSION}\n"
    assert (health["status"], page.status_code, usable) == ("healthy", 200, ["groq"])
    assert told == f"completed 2 {installed.package / '__init__.py'}\n"
    assert '"type":"done"' in events
    assert (folder / "legal-training-data" / "batches.db").exists()
    assert installed.files() == before


def test_command_without_the_embedded_models_engine_says_what_brings_it(wheel: Path, tmp_path: Path) -> None:
    installed = Installed(tmp_path / "environment", wheel, without=_OPTIONAL)

    for words, extra in (("demo", "local"), ("generate", "local"), ("embedder fetch", "grounding")):
        said = installed.run(*words.split(), folder=tmp_path)
        assert said.returncode == 1
        assert f"is missing; run `pip install 'legal-training-platform[{extra}]'`" in said.stderr, said.stderr
    (tmp_path / ".env").write_text("DATABASE_URI=postgresql://127.0.0.1/ltp\n")
    assert "[postgres]'`" in installed.run("serve", folder=tmp_path).stderr


def test_command_of_a_client_alone_says_what_brings_the_service(wheel: Path, tmp_path: Path) -> None:
    installed = Installed(tmp_path / "environment", wheel)
    (installed.package.parent / "others.pth").unlink()

    shown = installed.run("--help", folder=tmp_path)
    said = installed.run("serve", folder=tmp_path)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "pip install 'legal-training-platform[service]', then ltp --help" in shown.stdout
    assert (said.returncode, said.stdout) == (1, "")
    assert (
        said.stderr
        == "error: click is missing, which this needs; run: pip install 'legal-training-platform[service]'\n"
    )
