"""What somebody changed in the form of a sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from web.parts.differences import Part, differences

# The fields that are edited on pages.
EDITED = ("question", "answer", "case_citation", "reasoning", "topic", "difficulty", "jurisdiction", "sample_type")


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a sample.

    Attributes:
        before: The texts as they were stored when the form was made.
        shown: Those that are in its fields.
        seen: When the sample had been changed last, as the form was made; "" for never.
        theirs: By field, the text that another editor stored meanwhile, against what is shown.
    """

    before: Mapping[str, str]
    shown: Mapping[str, str]
    seen: str
    theirs: Mapping[str, Sequence[Part]] = field(default_factory=dict)


def merged(now: Mapping[str, str], before: Mapping[str, str], changes: Mapping[str, str], seen: str) -> Form:
    """Return the form for who has *changes* to the texts *before* of a sample that another changed to *now*.

    Fields that only one of them changed hold that text; where both did, both are shown.
    """
    others = changed_in(before, now)
    theirs = {name: differences(changes[name], now[name])[1] for name in changes if name in others}
    return Form(now, {**now, **changes}, seen, theirs)


def changed_in(before: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields whose text is another than when the form was loaded.

    Browsers send line ends of their own, and drop a line end at the beginning of a text: neither is a change.
    """
    return {
        name: typed[name] for name in EDITED if name in typed and _plain(typed[name]) != _plain(before.get(name, ""))
    }


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
