"""What the pages of documents show: stages in words, what was taken of an upload, what a search means."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

import orjson

from models.contract.answers.grounding import DocumentRow, ResultRow
from models.contract.arguments import UploadArguments
from utils.errors import AppError

# Words, kind of badge, icon.
STAGES: Mapping[str, tuple[str, str, str]] = {
    "uploaded": ("Waiting", "", "clock"),
    "extracting": ("Reading pages", "info", "arrow-path"),
    "chunking": ("Finding sections", "info", "arrow-path"),
    "embedding": ("Adding to search", "info", "arrow-path"),
    "ready": ("Ready", "good", "check-circle"),
    "failed": ("Failed", "bad", "exclamation-triangle"),
}
_LEGS = {"citation": "Citation", "words": "Words", "vectors": "Meaning"}
_PLACES = ("chunk", "unit", "page", "start")


@dataclass(slots=True)
class Taken:
    """What became of the files of an upload."""

    names: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def take_all(
    files: Iterable[tuple[str, IO[bytes]]],
    told: UploadArguments,
    take: Callable[[IO[bytes], UploadArguments], DocumentRow],
) -> Taken:
    """Have each of *files* (name, content) taken in; one that is refused holds up no other."""
    taken = Taken()
    for name, content in files:
        try:
            taken.names.append(take(content, told.model_copy(update={"name": name}))["name"])
        except AppError as error:
            taken.refused.append(f"{name[:80]}: {error}")
    return taken


def changed(message: bytes) -> str:
    """Return the id of the document that a message of the stream is about; "" for one that is gone, or none."""
    for line in message.splitlines():
        if line.startswith(b"data: "):
            told = orjson.loads(line[6:])
            return str(told["file"]["file_id"]) if told.get("type") == "file" else ""
    return ""


def place_wanted(arguments: Mapping[str, str]) -> dict[str, int]:
    """Return which place of a document an address names: the first of chunk, unit, page and start."""
    named = [(name, arguments[name]) for name in _PLACES if arguments.get(name, "").isdecimal()]
    return {name: int(text[:15]) for name, text in named[:1]}


def legs_of(row: ResultRow) -> list[tuple[str, int | None, float]]:
    """Return what each leg of the search says of a result: its name in words, place, score."""
    return [(_LEGS.get(one["leg"], one["leg"]), one["rank"], one["score"]) for one in row["legs"]]


def is_off_topic(rows: Sequence[ResultRow], floor: float) -> bool:
    """Say whether nothing that was found answers the question."""
    return all(row["score"] < floor and not row["is_cited"] for row in rows)


def is_find(row: ResultRow, shares: Sequence[str], floor: float) -> bool:
    """Say whether a result is one: it is named in the question, shares a word that matters, or is near in meaning."""
    return row["is_cited"] or bool(shares) or bool(floor and row["score"] >= floor)


def verdict(wanted: Sequence[str], best: Sequence[str]) -> tuple[str, str]:
    """Return in words what it means that the passage which shares most has the words *best*; and the kind of notice."""
    count = len(best)
    if not wanted:
        return "The question has no words to search by. Ask in the words that the text would use.", "warn"
    if not count:
        return "None of the words that matter occurs here: the answer is probably not in your documents.", "warn"
    if count == len(wanted):
        which = f"All {count} words that matter occur together" if count > 1 else "The one word that matters occurs"
        return f"{which} in a passage: the answer may well be there.", "done"
    occur = "occur together" if count > 1 else "occurs"
    few = f"Only {count} of the {len(wanted)} words that matter {occur} in a passage"
    if 2 * count <= len(wanted):
        return f"{few}: the answer is probably not in your documents.", "warn"
    return f"{few}: the answer may be there.", ""


def pieces(text: str, places: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return *text* without blanks around it, in pieces; True for *places*, which are in order and do not overlap."""
    found: list[tuple[str, bool]] = []
    at, text = len(text) - len(text.lstrip()), text.rstrip()
    for start, end in places:
        found += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [(piece, is_marked) for piece, is_marked in (*found, (text[at:], False)) if piece]


def marked(text: str, quote: str) -> list[tuple[str, bool]]:
    """Return *text* in pieces, with whether each is *quote*: its first place alone."""
    before, found, after = text.partition(quote) if quote else (text, "", "")
    return [(piece, is_quote) for piece, is_quote in ((before, False), (found, True), (after, False)) if piece]
