"""What every judging model has in common: its template, its material as data, its answer as an object.

Material that models wrote may speak to its judge, so it is sent as one line of JSON, and an answer in which a name
stands twice is none.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template, TemplateError, meta

from utils.errors import ConfigurationError
from utils.json_escapes import mended


def load_template(path: Path, wanted: set[str]) -> Template:
    """Read the template of a judge's prompt.

    Raises:
        ConfigurationError: it cannot be read, or has other names than *wanted*.
    """
    # The output is a prompt, not HTML.
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701  # nosec B701
    try:
        text = path.read_text(encoding="utf-8")
        names = meta.find_undeclared_variables(environment.parse(text))
        template = environment.from_string(text)
    except (OSError, TemplateError) as error:
        raise ConfigurationError(f"catalogue: {path}: {error}; restore it") from error
    if names != wanted:
        listed = ", ".join(sorted(wanted))
        raise ConfigurationError(f"catalogue: {path}: want the names {listed}, and no other; restore it")
    return template


def one_line(material: Mapping[str, object]) -> str:
    """Return *material* as one line of JSON: no text in it can begin a line of its own."""
    text = json.dumps(material, ensure_ascii=False)
    # JSON leaves these as they are, and some readers take them for the end of a line.
    return "".join(f"\\u{ord(char):04x}" if char in "\x85\u2028\u2029" else char for char in text)


def parsed_once(source: str) -> object:
    """Read a judge's JSON; ValueError when a name stands twice, so that it would depend on the reader what it says."""
    return json.loads(mended(source), object_pairs_hook=_once, strict=False)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made
