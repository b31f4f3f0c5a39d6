"""Writes the table of settings in README.md as `config.py` declares them: `python -m tests.write_readme_settings`."""

import re
from pathlib import Path

from config import PROJECT_DIR, Settings

README = PROJECT_DIR / "README.md"
_HEAD = "| Setting | Default | What it does |\n| --- | --- | --- |\n"
_TABLE = re.compile(re.escape(_HEAD) + r"(?:\|.*\n)*")


def table(kind: type[Settings] = Settings) -> str:
    """Return the table, one row a setting, in the order of the class."""
    rows = (
        f"| `{name.upper()}` | {_shown(field.default)} | {field.description} |\n"
        for name, field in kind.model_fields.items()
    )
    return _HEAD + "".join(rows)


def with_table(text: str) -> str:
    """Return a README with the table as it is to be."""
    made, count = _TABLE.subn(lambda _: table(), text)
    if count != 1:
        raise ValueError(f"README.md: got {count} tables of settings, want 1")
    return made


def _shown(default: object) -> str:
    if default == PROJECT_DIR:
        return "the project folder"
    if isinstance(default, Path):
        inside = default.is_relative_to(PROJECT_DIR)
        return f"`{default.relative_to(PROJECT_DIR)}/`" if inside else f"`{default}`"
    if default in (None, "", ()):
        return "–"
    if isinstance(default, tuple):
        return ", ".join(f"`{value}`" for value in default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
