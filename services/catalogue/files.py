"""Reads catalogue files and reports their faults with file and line.

A fault in data that lawyers edit must point at the line to mend: syntax errors
carry a line already, faults of meaning are traced back to the line that defines
the field.
"""

import re
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from utils.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)
_HEADER = re.compile(r"\[\[?[\w.-]+\]\]?\s*")
_FRONT_MATTER = re.compile(r"\A\+\+\+\n(.*?)\n\+\+\+\n", re.DOTALL)


def read_toml(path: Path) -> tuple[dict[str, object], str]:
    """Return the content of *path* as a mapping and as text.

    Raises:
        ConfigurationError: missing, unreadable or broken TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"catalogue: {path}: cannot be read ({error}); restore it, or check CATALOG_DIR"
        ) from None
    return _parse(path, text, 0), text


def read_tables(path: Path, model: type[M]) -> dict[str, M]:
    """Return the tables of *path* by their names, each checked as a *model*.

    Raises:
        ConfigurationError: missing, unreadable or broken TOML, or a table that is none, with file and line.
    """
    content, text = read_toml(path)
    return {name: build(model, row, path, text, name) for name, row in content.items()}


def read_front_matter(path: Path) -> tuple[dict[str, object], str]:
    """Return the TOML front matter of a Markdown file and its whole text."""
    text = path.read_text(encoding="utf-8")
    found = _FRONT_MATTER.match(text)
    if found is None:
        raise ConfigurationError(f"catalogue: {path}:1: no front matter; begin the file with +++, TOML, +++")
    return _parse(path, found.group(1), 1), text


def template_body(text: str) -> str:
    """Return what follows the front matter."""
    return _FRONT_MATTER.sub("", text, count=1)


def build(model: type[M], row: object, path: Path, text: str, table: str = "", index: int = 0) -> M:
    """Validate one table of a file.

    Args:
        model: What the table must be.
        row: The table as read.
        path: The file, for the message.
        text: The file's text, to find the line.
        table: Name of the table or of the array that holds it, or "" for the whole file.
        index: Its place in that array, from 0.

    Raises:
        ConfigurationError: every fault of the table, with file and line.
    """
    try:
        return model.model_validate(row)
    except ValidationError as error:
        faults = []
        for item in error.errors():
            key = str(item["loc"][0]) if item["loc"] else ""
            line = _line_of(text, table, index, key)
            where = f"{key}: " if key else ""
            faults.append(f"{path}:{line}: {where}{item['msg'].removeprefix('Value error, ')}")
        raise ConfigurationError("catalogue: " + "; ".join(faults)) from None


def _parse(path: Path, text: str, skipped_lines: int) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) + skipped_lines if found else 1
        raise ConfigurationError(f"catalogue: {path}:{line}: {error}") from None


def _line_of(text: str, table: str, index: int, key: str) -> int:
    lines = text.splitlines()
    start = 0
    if table:
        headers = [number for number, line in enumerate(lines) if line.strip() in (f"[[{table}]]", f"[{table}]")]
        start = headers[index] if index < len(headers) else 0
    for number in range(start, len(lines)):
        if number > start and table and _HEADER.fullmatch(lines[number]):
            break
        if key and re.match(rf"\s*{re.escape(key)}\s*=", lines[number]):
            return number + 1
    return start + 1
