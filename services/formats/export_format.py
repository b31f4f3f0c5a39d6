"""The type of export formats, and the base of those that write conversations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from models.samples.file.carried_groups import CarriedGroup
from models.samples.file.column_types import plain
from models.samples.thinking_source import TRACE
from utils.frames import pl

REASONING = ("omit", "answer", "think")


@dataclass(frozen=True)
class ExportOptions:
    """How samples are written.

    Attributes:
        fields: Columns wanted, in order; empty for all (in chat formats: for only the conversation).
        system_prompt: The system message, in chat formats; "" for none.
        reasoning: In chat formats: left out, before the answer, or in a <think> block. In others "think" keeps the
            provider's trace, whose columns are empty without it.
    """

    fields: tuple[str, ...] = ()
    system_prompt: str = ""
    reasoning: str = "omit"

    def hides(self, column: str) -> bool:
        """Tell whether *column* is written empty: it holds a trace, and nobody asked for it."""
        return column in TRACE and column not in self.fields and self.reasoning != "think"


Pieces: TypeAlias = "Iterator[pl.DataFrame]"
Groups: TypeAlias = "Iterator[pl.DataFrame | CarriedGroup]"


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes:
        name: What callers ask for.
        extension: The file's extension, without a dot.
        mimetype: MIME type of the answer.
        description: One sentence for people.
        is_chat: The rows are conversations; `system_prompt` and `reasoning` apply.
        write: Turns pieces with the given columns into the bytes of a file, a piece at a time.
        piece_rows: Most rows of a piece, which an export holds in memory while its client is slow.
        holds_types: The file says what type each column has; readers of others infer it from the first rows.
        write_groups: Turns pieces with all columns, and row groups of the data set, into the bytes of a file.
        is_for_review: The rows are what people judge elsewhere; `fields` are added to each.
    """

    name: str
    extension: str
    mimetype: str
    description: str
    is_chat: bool
    write: Callable[[Pieces, Mapping[str, pl.DataType], ExportOptions], Iterator[bytes]]
    piece_rows: int = 50
    holds_types: bool = False
    write_groups: Callable[[Groups, Mapping[str, pl.DataType]], Iterator[bytes]] | None = None
    is_for_review: bool = False

    @property
    def is_flat(self) -> bool:
        """Whether the file has a column for each field, and comes in again as it was."""
        return not (self.is_chat or self.is_for_review)


def assistant_text(row: Mapping[str, object], options: ExportOptions) -> str:
    """Return the assistant's message for a sample."""
    answer, reasoning = str(row["answer"]), str(row["reasoning"] or "")
    if options.reasoning == "omit" or not reasoning:
        return answer
    if options.reasoning == "think":
        return f"<think>\n{reasoning}\n</think>\n\n{answer}"
    return f"{reasoning}\n\n{answer}"


Conversation = Callable[[Mapping[str, object], ExportOptions], dict[str, object]]


def chat_format(name: str, description: str, conversation: Conversation) -> ExportFormat:
    """Build a format of one conversation per line, followed by the fields asked for."""

    def write(pieces: Pieces, _columns: Mapping[str, pl.DataType], options: ExportOptions) -> Iterator[bytes]:
        for piece in pieces:
            lines = []
            for row in piece.iter_rows(named=True):
                line = {**{field: row[field] for field in options.fields}, **conversation(row, options)}
                lines.append(orjson.dumps(line, default=plain, option=orjson.OPT_APPEND_NEWLINE))
            yield b"".join(lines)

    return ExportFormat(name, "jsonl", "application/x-ndjson", description, True, write)
