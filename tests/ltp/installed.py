"""Builds the package and installs it into a fresh environment."""

import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path

from config import PROJECT_DIR
from tests.e2e.server import RunningServer

_UV = str(Path(sys.executable).with_name("uv"))


def build(folder: Path, kind: str) -> Path:
    """Build the package as *kind*, wheel or sdist, into *folder*; return the file.

    The build backend is fetched only where it is not installed here.
    """
    how = ["--no-build-isolation"] if find_spec("hatchling") else []
    _run(_UV, "build", f"--{kind}", *how, "--python", sys.executable, "--out-dir", str(folder), str(PROJECT_DIR))
    return next(folder.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


class Installed:
    """A fresh environment with the *wheel*: it has the packages that this one has but for *without*, and no clone."""

    def __init__(self, folder: Path, wheel: Path, without: Iterable[str] = ()) -> None:
        venv.create(folder, with_pip=False)
        _run(_UV, "pip", "install", "--quiet", "--no-deps", "--no-index", "--python", str(folder), str(wheel))
        self.bin = folder / "bin"
        self.package = next(folder.glob("lib/*/site-packages/ltp"))
        hidden = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in without)
        (self.package.parent / "others.pth").write_text(f"{get_path('purelib')}\n{hidden}")

    def files(self) -> dict[str, int]:
        """Return the package's files with the times when they were written."""
        return {str(path): path.stat().st_mtime_ns for path in self.package.rglob("*") if path.is_file()}

    def python(self, code: str, *words: str) -> str:
        """Run *code* with the environment's Python, away from the clone; return what it writes."""
        command = [str(self.bin / "python"), "-I", "-B", "-c", code, *words]
        return subprocess.run(command, cwd="/", env=bare(), capture_output=True, text=True, check=True).stdout

    def run(self, *words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        """Run the command `ltp` in *folder*."""
        return subprocess.run(
            [self.bin / "ltp", *words], cwd=folder, env=bare(), capture_output=True, text=True, check=False
        )


class InstalledServer(RunningServer):
    """`ltp serve` in an empty folder, with no setting but its port and those that are given."""

    def __init__(self, installed: Installed, folder: Path, **settings: object) -> None:
        super().__init__(folder, **{"data_dir": "", "model_dir": "", "pythondontwritebytecode": 1, **settings})
        self._ltp = installed.bin / "ltp"

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [str(self._ltp), "serve"]


def bare() -> dict[str, str]:
    """Return an environment without anybody's settings."""
    return {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
