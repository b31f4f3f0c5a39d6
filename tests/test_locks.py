"""The lock files: closed, and installable by the pip that a fresh environment has, whatever is newest that day.

Nothing is asked of a network: the metadata of the installed packages stand for what an index would say of them.
"""

import base64
import hashlib
import importlib.metadata
import itertools
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).resolve().parent.parent
_LOCKS = ["requirements.lock", "requirements-dev.lock"]
_HERE: dict[str, str] = {name: str(value) for name, value in default_environment().items()}
_ENVIRONMENTS = [
    {**_HERE, "python_version": version, "python_full_version": f"{version}.0", **system}
    for version, system in itertools.product(
        ("3.11", "3.12", "3.13"),
        (
            {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
            {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
            {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
        ),
    )
]


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock file: exactly one version, with its hashes."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")

    def holds_in(self, environment: dict[str, str]) -> bool:
        return _holds(self.requirement.marker, environment)


def _pins(lock: str) -> list[Pin]:
    text = re.sub(r"\s*\\\n\s*", " ", (_ROOT / lock).read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [
        Pin(Requirement(line.split(" --hash=")[0]), tuple(part.strip() for part in line.split(" --hash=")[1:]))
        for line in lines
    ]


def _holds(marker: Marker | None, environment: dict[str, str], extra: str = "") -> bool:
    return marker is None or marker.evaluate({**environment, "extra": extra})


def _installed(pin: Pin) -> importlib.metadata.Distribution | None:
    """Return the installed distribution of *pin*; None for one of another system or Python."""
    try:
        return importlib.metadata.distribution(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _open_ends(pins: list[Pin], environment: dict[str, str]) -> Iterator[str]:
    """Yield each requirement of a pinned package that no pin meets in *environment*, brackets included."""
    held = {pin.name: pin for pin in pins if pin.holds_in(environment)}
    for pin in held.values():
        found = _installed(pin)
        for line in (found.requires or []) if found is not None else []:
            wanted = Requirement(line)
            if not any(_holds(wanted.marker, environment, extra) for extra in {"", *pin.requirement.extras}):
                continue
            met = held.get(canonicalize_name(wanted.name))
            if (
                met is None
                or not wanted.specifier.contains(met.version, prereleases=True)
                or not wanted.extras <= met.requirement.extras
            ):
                yield f"{pin.name} wants {wanted}, the lock has {met.requirement if met else 'nothing'}"


@pytest.mark.parametrize("lock", [*_LOCKS, "requirements-pip.lock"])
def test_every_line_of_a_lock_names_one_version_and_its_hashes(lock: str) -> None:
    pins = _pins(lock)

    assert pins
    assert not [pin for pin in pins if not re.fullmatch(r"==[\w.+!]+", str(pin.requirement.specifier))]
    assert not [pin for pin in pins if not pin.hashes or not all(h.startswith("sha256:") for h in pin.hashes)]


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_requirement_of_a_locked_package_is_locked_for_each_supported_python(lock: str) -> None:
    pins = _pins(lock)

    open_ends = {end for environment in _ENVIRONMENTS for end in _open_ends(pins, environment)}

    assert open_ends == set()


def test_the_installed_packages_are_those_of_the_lock() -> None:
    here = {pin.name: pin.version for pin in _pins("requirements-dev.lock") if pin.holds_in(_HERE)}

    found = {name: importlib.metadata.version(name) for name in here}

    assert found == here, "run `make dev`"


def test_the_oldest_pip_at_hand_installs_the_lock_though_each_package_has_a_newer_release(tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    lines = [_published(pin, index) for pin in _pins("requirements-dev.lock") if pin.holds_in(_HERE)]
    (tmp_path / "lock").write_text("\n".join(lines))
    venv.create(tmp_path / "fresh", with_pip=True)  # with the pip that comes with this Python
    pip = [str(tmp_path / "fresh" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--isolated"]

    answer = subprocess.run(
        [*pip, "install", "--dry-run", "--no-index", f"--find-links={index}", "--require-hashes", "-r", "lock"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, f"{answer.returncode}: {answer.stdout[-1000:]} {answer.stderr[-2000:]}"
    would_install = next((line for line in answer.stdout.splitlines() if line.startswith("Would install")), "")
    assert would_install, answer.stdout[-2000:]
    assert [word for word in would_install.split() if word.endswith("-999")] == []


def _published(pin: Pin, index: Path) -> str:
    """Put the release of *pin* and a newer one into *index*, empty but for their metadata; return the lock's line."""
    found = _installed(pin)
    assert found is not None
    requires = [f"Requires-Dist: {line}" for line in found.requires or []]
    extras = [f"Provides-Extra: {extra}" for extra in found.metadata.get_all("Provides-Extra") or []]
    _wheel(pin.name, "999", [*extras, *requires], index)
    wheel = _wheel(pin.name, pin.version, [*extras, *requires], index)
    brackets = f"[{','.join(sorted(pin.requirement.extras))}]" if pin.requirement.extras else ""
    return f"{pin.name}{brackets}=={pin.version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def _wheel(name: str, version: str, metadata: list[str], folder: Path) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{stem}.dist-info/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata, ""]
        ),
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in {**files, f"{stem}.dist-info/RECORD": record}.items():
            wheel.writestr(inside, text)
    return path


def _digest(text: str) -> str:
    raw = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={raw}"


def test_supported_pythons_are_the_same_everywhere() -> None:
    readme, project = (_ROOT / "README.md").read_text(), (_ROOT / "pyproject.toml").read_text()

    assert "Python 3.11, 3.12 or 3.13" in readme
    assert 'requires-python = ">=3.11,<3.14"' in project
    assert sys.version_info[:2] in {(3, 11), (3, 12), (3, 13)}


def test_no_package_of_the_service_has_terms_that_reach_beyond_itself() -> None:
    names = [pin.name for pin in _pins("requirements.lock") if pin.holds_in(_HERE)]

    terms = {name: _terms(name) for name in names}

    assert not [name for name, text in terms.items() if not text]
    assert not {name: text for name, text in terms.items() if re.search(r"GPL|General Public|proprietary", text, re.I)}


def _terms(name: str) -> str:
    """Return what a package says of its licence."""
    metadata = importlib.metadata.metadata(name).json
    classifiers = [line for line in metadata.get("classifier", []) if line.startswith("License")]
    stated = [str(metadata.get(field, ""))[:80] for field in ("license_expression", "license")]
    return " ".join([*stated, *classifiers]).strip()
