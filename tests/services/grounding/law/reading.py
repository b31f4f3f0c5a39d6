"""Reads a file of law as an upload is read, and gives its provisions back."""

from dataclasses import dataclass
from pathlib import Path

from models.grounding.document import Instrument, Unit, UnitKind
from services.grounding.extraction.outcome import Found, Limits, Step
from services.grounding.extraction.readers import read


@dataclass(frozen=True)
class Read:
    """A file of law as it was read."""

    kind: str
    instrument: Instrument
    units: tuple[Unit, ...]
    text: str

    def unit(self, number: str, kind: UnitKind | None = None) -> Unit:
        """Return the unit with a number; it is an error if there is not exactly one."""
        found = [one for one in self.units if one.number == number and kind in (None, one.kind)]
        assert len(found) == 1, (number, [(one.kind.value, one.number) for one in self.units])
        return found[0]

    def lines(self, number: str, kind: UnitKind | None = None) -> list[str]:
        """Return the lines of a unit without its heading."""
        unit = self.unit(number, kind)
        return self.text[unit.body : unit.end].strip().split("\n")

    @property
    def numbers(self) -> list[tuple[str, str]]:
        """Kind and number of each unit in order."""
        return [(one.kind.value, one.number) for one in self.units]


def read_law(path: Path, content: str | bytes, name: str = "law.xml") -> Read:
    """Read *content* as the upload of a file called *name*; raises DocumentError."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = Found()
    pages = [one for one in read(str(path), name, Limits(), found) if not isinstance(one, Step)]
    assert found.instrument is not None
    assert found.units is not None
    return Read(found.kind, found.instrument, found.units, "".join(page.text for page in pages))
