"""A copy of the project to which things are added exactly as the pages in `docs/howto/` say.

A page says `Write` or `Add to`, the path, where it matters `after` which line, and then what, in a fenced block.
Whoever writes a page that way has it followed here.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config import PROJECT_DIR

HOWTO = PROJECT_DIR / "docs" / "howto"
_FOLDERS = ("api", "catalog", "console", "docs", "ltp", "models", "server", "services", "tests", "utils", "web")
_STEP = re.compile(r"^(Write|Add to) `([^`]+)`(?:, after `([^\n]+)`)?:\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One change that a page asks for; *after* is a line of the file, "" for its end."""

    path: str
    after: str
    text: str
    is_new: bool


def steps(page: str) -> list[Step]:
    """Return the steps of docs/howto/*page*.md."""
    found = _STEP.findall((HOWTO / f"{page}.md").read_text())
    return [Step(path, after, text, verb == "Write") for verb, path, after, text in found]


class House:
    """The copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        leave = shutil.ignore_patterns("__pycache__")
        for name in _FOLDERS:
            shutil.copytree(PROJECT_DIR / name, folder / name, ignore=leave)
        for pattern in ("*.py", "*.md", "pyproject.toml"):
            for path in PROJECT_DIR.glob(pattern):
                shutil.copy(path, folder / path.name)

    def follow(self, page: str, addresses: dict[str, str] | None = None) -> None:
        """Do what *page* says, with *addresses* of this machine for those that it invents."""
        for step in steps(page):
            text = step.text
            for invented, real in (addresses or {}).items():
                text = text.replace(invented, real)
            path = self.folder / step.path
            if step.is_new:
                assert not path.exists(), f"{page}: {step.path} is there already"
                path.write_text(text)
            else:
                path.write_text(_with(path.read_text(), step.after, text, f"{page}: {step.path}"))

    def run(self, *arguments: str, **settings: str) -> str:
        """Run Python in the copy and return what it wrote."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=settings,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def pages() -> Iterator[str]:
    """Return the names of all pages."""
    return (path.stem for path in sorted(HOWTO.glob("*.md")))


def _with(whole: str, after: str, text: str, where: str) -> str:
    is_statement = where.endswith(".py") and not text.startswith((" ", "#"))
    gap = "\n\n" if is_statement else "\n" if text.startswith("[[") else ""
    if not after:
        return f"{whole.rstrip()}\n{gap}{text}"
    found = whole.count(f"{after}\n")
    assert found == 1, f"{where}: the line {after!r} stands there {found} times, not once"
    return whole.replace(f"{after}\n", f"{after}\n{gap}{text}")
