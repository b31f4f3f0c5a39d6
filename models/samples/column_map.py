"""Which columns of a foreign file hold the fields of a sample: one answer for imports and for files dropped in.

Columns are found by their exact name, then without regard to case, blanks and underscores, then by the
names that trainers and other tools use. A conversation gives question and answer together
(`models.samples.conversation`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from models.schemas import REQUIRED_FIELDS
from utils.errors import InputError

MESSAGES, SYSTEM = "messages", "system_prompt"
# What a sample states of itself; all else must have our name, or is a column of the file's own.
STATED = (*REQUIRED_FIELDS, "jurisdiction", "sample_type")
_TARGETS = (*STATED, MESSAGES)
# Written without blanks, signs and capitals; the first that a file has is taken.
_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("sampleid",),
    "question": (
        "prompt", "instruction", "query", "userprompt", "questiontext", "usermessage", "input", "inputtext",
        "problem", "q",
    ),
    "answer": (
        "completion", "response", "output", "chosen", "answertext", "assistantmessage", "modelanswer", "goldanswer",
        "expectedanswer", "expectedoutput", "solution", "outputtext", "answers", "a",
    ),
    "topic": ("subject", "legaltopic"),
    "difficulty": ("difficultylevel", "level"),
    "case_citation": ("citation", "legalcitation", "casecitations", "authority", "authorities"),
    "reasoning": ("rationale", "explanation", "chainofthought", "cot", "reasoningcontent"),
}  # fmt: skip
# `text` may be a conversation as ChatML writes it.
_TURNS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "contents", "text")
# What Alpaca and Dolly give beside an instruction.
_INSTRUCTION, _JOINED = "instruction", ("input", "context")
_SYSTEM = ("system", "systemprompt", "systeminstruction")
_PAIR = {"q", "a"}
_SIGNS = re.compile(r"[\W_]+")
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+(_level_\d+)?")


@dataclass(frozen=True)
class ColumnMap:
    """Where the fields of a sample are.

    Attributes:
        fields: The column of each field that has one.
        joined: A column that continues the question; "" for none.
        turns: A column of conversations, for rows whose question or answer has no column or is blank; "" for none.
        system: A column of system prompts; "" for none.
        index: Columns that only number the rows.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    joined: str = ""
    turns: str = ""
    system: str = ""
    index: tuple[str, ...] = ()

    @property
    def is_own(self) -> bool:
        """True if there is nothing to map: every column has our name, or is an extra one."""
        return not (self.joined or self.turns or self.system or self.index) and all(
            name == column for name, column in self.fields.items()
        )

    @property
    def has_samples(self) -> bool:
        """True if there are columns for question and answer."""
        return bool(self.turns) or {"question", "answer"} <= self.fields.keys()

    def shown(self) -> dict[str, str]:
        """Return the column of each field, for people; two are joined by "+"."""
        found = {name: column for name, column in self.fields.items() if name not in ("question", "answer")}
        turns = self.turns or self.fields.get("answer", "")  # preferences may have the prompt within the answer
        for name in ("question", "answer"):
            column = self.fields.get(name, turns)
            if column:
                found[name] = f"{column}+{self.joined}" if self.joined and name == "question" else column
        return found | ({SYSTEM: self.system} if self.system else {})


def map_columns(names: Iterable[str], given: Mapping[str, str] | None = None) -> ColumnMap:
    """Find the fields of a sample among the columns *names*; *given* (field → column) comes first."""
    return _mapped(tuple(names), tuple((given or {}).items()))


def is_stated(name: str) -> bool:
    """Tell whether a column of this name may hold a field of a sample, whose type is then text."""
    return _bare(name) in _KNOWN


def parse_mapping(text: str) -> dict[str, str]:
    """Read `field:column,field:column`, or a JSON object where names hold commas.

    Raises:
        InputError: it is neither, or names a field that samples do not have.
    """
    if text.lstrip().startswith("{"):
        given = _read_object(text)
    else:
        pairs = [pair.partition(":") for pair in text.split(",") if pair.strip()]
        if bad := next((field for field, sign, column in pairs if not (sign and column.strip())), None):
            raise InputError(f"mapping: got {bad.strip()[:40]!r} without a column, want field:column,field:column")
        given = {field.strip(): column.strip() for field, _, column in pairs}
    if unknown := next((name for name in given if name not in _TARGETS), None):
        raise InputError(f"mapping: got the field {unknown[:40]!r}, want some of {', '.join(_TARGETS)}")
    return given


def _read_object(text: str) -> dict[str, str]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"mapping: is no JSON object ({error}), want field:column,field:column") from None
    if not isinstance(given, dict) or not all(isinstance(column, str) and column for column in given.values()):
        raise InputError("mapping: want an object of field names and column names, or field:column,field:column")
    return given


@lru_cache(maxsize=1024)
def _mapped(names: tuple[str, ...], given: tuple[tuple[str, str], ...]) -> ColumnMap:
    wanted = dict(given)
    index = tuple(name for name in names if _INDEX.fullmatch(name) and name not in wanted.values())
    free = {name: _bare(name) for name in names if name not in index}
    if not set(free.values()) >= _PAIR:  # one letter alone says nothing
        free = {name: bare for name, bare in free.items() if bare not in _PAIR}
    turns = wanted.pop(MESSAGES, "")
    fields = {name: column for name, column in wanted.items() if column in free}
    for column in (*fields.values(), turns):
        free.pop(column, None)
    for take in (_exact, _alike, _synonym):
        for name in STATED:
            column = "" if name in fields or name in wanted else take(name, free)
            if column:
                fields[name] = column
                del free[column]
    turns = turns or _first(_TURNS, free)
    is_alpaca = _bare(fields.get("question", "")) == _INSTRUCTION
    joined = _first(_JOINED, free) if is_alpaca and "question" not in wanted else ""
    has_system = "" if SYSTEM in free else _first(_SYSTEM, free)
    return ColumnMap(fields, joined, turns, has_system, index)


def _exact(name: str, free: Mapping[str, str]) -> str:
    return name if name in free else ""


def _alike(name: str, free: Mapping[str, str]) -> str:
    return _first((_bare(name),), free)


def _synonym(name: str, free: Mapping[str, str]) -> str:
    return _first(_OTHER_NAMES.get(name, ()), free)


def _first(wanted: Iterable[str], free: Mapping[str, str]) -> str:
    """Return the first column whose bare name is the first of *wanted* that there is; "" for none."""
    return next((column for name in wanted for column, bare in free.items() if bare == name), "")


def _bare(name: str) -> str:
    return _SIGNS.sub("", name).casefold()


_KNOWN = frozenset(
    [_bare(name) for name in STATED] + [other for names in _OTHER_NAMES.values() for other in names] + list(_JOINED)
)
