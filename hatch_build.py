"""Tells the build what the package depends on: floors made of the pins in requirements*.txt (ADR 43)."""

import re
import runpy
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PIN = re.compile(r"(?P<name>[\w.-]+)(?P<brackets>\[[\w,-]+\])?==(?P<version>[\w.]+)(?P<marker>\s*;.*)?")


class Requirements(MetadataHookInterface):
    """Sets `dependencies` and `optional-dependencies`."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, object]) -> None:
        """Complete *metadata*, the table `project` of pyproject.toml."""
        metadata.update(requirements(Path(self.root)))


def requirements(folder: Path) -> dict[str, object]:
    """Return both tables, made of the files in *folder*."""
    known = runpy.run_path(str(folder / "utils" / "installation.py"))
    floors = _floors(folder / "requirements.txt")
    client = [floors.pop(name) for name in known["CLIENT"]]
    parts = {extra: [floors.pop(name) for name in names] for extra, names in known["PARTS"].items()}
    files = {extra: list(_floors(folder / name).values()) for extra, name in known["FILES"].items()}
    service = f"{known['PACKAGE']}[service]"
    extras = {"service": list(floors.values())}
    extras |= {extra: [service, *lines] for extra, lines in {**parts, **files}.items()}
    extras["all"] = [f"{known['PACKAGE']}[{','.join([*parts, *files])}]"]
    return {"dependencies": client, "optional-dependencies": extras}


def _floors(path: Path) -> dict[str, str]:
    """Return the requirements of a file by name, each from the pinned version on."""
    pins = [_PIN.fullmatch(line) for line in path.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")]
    if None in pins:
        raise ValueError(f"{path.name}: want name==version on every line")
    return {
        pin["name"]: f"{pin['name']}{pin['brackets'] or ''}>={pin['version']}{pin['marker'] or ''}"
        for pin in pins
        if pin is not None
    }
