"""The messages of a request as turns: whose, what they say, what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.llm.adapters.pictures import Picture

_SYSTEM = ("system", "developer")
Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; its pictures are looked at with its text."""

    role: str
    text: str
    pictures: tuple[Picture, ...] = ()


def turns_of(messages: Sequence[Message], pictures: tuple[Picture, ...] = ()) -> list[Turn]:
    """Return all messages; *pictures* belong to the user's last one, or stand alone at the end where there is none."""
    turns = [Turn(message["role"], message["content"]) for message in messages]
    if not pictures:
        return turns
    last = next((place for place in reversed(range(len(turns))) if turns[place].role == "user"), len(turns))
    text = turns[last].text if last < len(turns) else ""
    return [*turns[:last], Turn("user", text, pictures), *turns[last + 1 :]]


def parted(messages: Sequence[Message], pictures: tuple[Picture, ...] = ()) -> tuple[str, list[Turn]]:
    """Return the words of the system as one text, and the other turns; those that say and show nothing are left out.

    For vendors that want the words of the system apart.
    """
    said = [turn for turn in turns_of(messages, pictures) if turn.text.strip() or turn.pictures]
    system = "\n\n".join(turn.text for turn in said if turn.role in _SYSTEM)
    return system, [turn for turn in said if turn.role not in _SYSTEM]
