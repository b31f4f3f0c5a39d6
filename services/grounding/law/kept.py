"""Answers of services that are kept, with the marks by which a service says whether they changed."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class Marks:
    """What a service said of a text that is kept."""

    etag: str = ""
    modified: str = ""

    @property
    def asking(self) -> dict[str, str]:
        """The headers that ask whether it changed."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value}

    @property
    def strong(self) -> str:
        """The mark by which a transfer may go on; "" for none."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def place_of(folder: Path, key: str) -> Path:
    """Return where the answer to a request is kept."""
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.body"


def marks_of(path: Path) -> Marks:
    """Return the marks of an answer, or of the part of one that came; empty ones where there are none."""
    try:
        found = orjson.loads(_beside(path).read_bytes())
        return Marks(str(found["etag"]), str(found["modified"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Marks()


def keep_marks(path: Path, marks: Marks) -> None:
    """Keep the marks of an answer."""
    _beside(path).write_bytes(orjson.dumps(asdict(marks)))


def forget_marks(path: Path) -> None:
    """Forget the marks of an answer."""
    _beside(path).unlink(missing_ok=True)


def tidy(folder: Path, used: Path, most_bytes: int) -> None:
    """Drop answers that were used longest ago until all fit into *most_bytes*; the one *used* now stays."""
    files = sorted(folder.glob("*.body"), key=lambda one: one.stat().st_mtime)
    size = sum(one.stat().st_size for one in files)
    for one in files:
        if size > most_bytes and one != used:
            size -= one.stat().st_size
            one.unlink(missing_ok=True)
            forget_marks(one)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
