"""What calls give back that used less than was reserved for them, while a vendor takes no others.

It fits other calls, which say nothing of whether the vendor's limit is free again.
"""

from dataclasses import dataclass

# After so many refusals of calls that should have fitted nothing is lent any more.
_TRIES = 2


@dataclass(slots=True)
class Returned:
    """What was given back in one closure, and used again.

    Attributes:
        given: Units that were given back.
        used: Units of the calls that were let through for it.
    """

    given: float = 0.0
    used: float = 0.0
    _room: float = 0.0
    _tries: int = 0

    def give(self, units: float) -> None:
        """Take note of *units* that a call did not use."""
        self._room += units
        self.given += units

    def fits(self, size: float) -> bool:
        """Say whether a call of *size* fits what was given back; after a refusal it takes twice as much."""
        return self._tries < _TRIES and self._room >= size * 2.0**self._tries

    @property
    def may_let_in(self) -> bool:
        """Whether a call may be let in for it: what was left when the vendor closed was less than a call."""
        return self.given > 0.0 and self._room >= 0.0

    def lend(self, units: float) -> None:
        """A call of *units* leaves for what was given back."""
        self._room -= units

    def refused(self, was_lent: bool) -> None:
        """A call was refused, whether or not for what was given back: nothing is left."""
        self._tries += was_lent
        self._room = -1.0
