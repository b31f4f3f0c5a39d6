"""The fields of a sample in a row that others wrote, by a `ColumnMap`; what is missing is filled in and told.

Question and answer are the least that a row must have. The rest has defaults, and a sentence in
`quality_issues` for each that was needed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from models.fields import DIFFICULTIES, blank_to_none
from models.samples.column_map import SYSTEM, ColumnMap
from models.samples.conversation import Exchange, read_conversation, said_in, split_thought, text_of
from models.schemas import COLUMNS

# Clients crash on these being null.
DEFAULTS = {
    "question": "",
    "answer": "",
    "topic": "General - General",
    "difficulty": "intermediate",
    "case_citation": "",
    "reasoning": "",
    "jurisdiction": "uk",
    "sample_type": "case_analysis",
}
NEEDED = ("question", "answer")
# Whoever reads the sample is told that these were not in the file.
NOTED = ("topic", "difficulty", "case_citation", "reasoning")
_JOINED_BY = {"case_citation": "; "}
_LONGEST_NAME = 100


@dataclass(frozen=True)
class ForeignRow:
    """A row by our fields.

    Attributes:
        values: Fields and extra columns.
        sources: The column of each field that was found.
        renamed: New names of columns whose own cannot be kept.
        index: Columns that only number the rows, which were left out.
    """

    values: dict[str, object]
    sources: Mapping[str, str]
    renamed: Mapping[str, str]
    index: tuple[str, ...]


def read_row(row: Mapping[str, object], columns: ColumnMap) -> ForeignRow:
    """Return the fields of a sample in *row*; what it lacks is not in the result."""
    values = {name: stated(name, row[column]) for name, column in columns.fields.items() if column in row}
    index = tuple(name for name in columns.index if _is_number(row.get(name)))
    used = {*columns.fields.values(), *index}
    sources = columns.shown()
    exchange = _exchange(row, columns, values)
    if exchange is not None:
        spoken = {"question": exchange.question, "answer": exchange.answer, "reasoning": exchange.reasoning}
        spoken[SYSTEM] = exchange.system
        values.update({name: text for name, text in spoken.items() if text and _is_blank(values.get(name))})
        sources.update(dict.fromkeys(NEEDED, columns.turns or columns.fields["answer"]))
        used |= {columns.turns} if exchange.is_whole else set()
    if columns.joined and (more := text_of(row.get(columns.joined))) is not None:
        used.add(columns.joined)
        values["question"] = "\n\n".join(part for part in (str(values.get("question") or ""), more.strip()) if part)
    if before := _told_before(row, columns):
        values.setdefault(SYSTEM, before)
    if columns.system and (told := _system(row.get(columns.system))) is not None:
        used.add(columns.system)
        values[SYSTEM] = told
    if _is_blank(values.get("reasoning")) and isinstance(answer := values.get("answer"), str):
        thought, rest = split_thought(answer)
        values.update({"reasoning": thought, "answer": rest} if thought else {})
    extra, renamed = _extra(row, used, {*values, *COLUMNS})
    return ForeignRow({**extra, **values}, sources, renamed, index)


def stated(name: str, value: object) -> object:
    """Return *value* as the field *name* holds it: text, where there is one way to read it so."""
    if isinstance(value, float) and math.isfinite(value):  # pandas writes whole numbers so where one is missing
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return _listed(name, value)
    if isinstance(value, Mapping):
        if name == "id":  # MongoDB
            return value.get("$oid", value)
        return value if name not in NEEDED or (said := said_in(value)) is None else said
    level = value.strip().casefold() if name == "difficulty" and isinstance(value, str) else ""
    return level if level in DIFFICULTIES else value


def completed(values: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Return *values* with the defaults they lack, and what to tell of it, by column."""
    told = {name: issue(name) for name in NOTED if _is_blank(values.get(name))}
    filled = {**values, **{name: DEFAULTS[name] for name in told}}
    level = filled["difficulty"]
    if level not in DIFFICULTIES:
        told["difficulty"] = f"imported: difficulty {str(level)[:40]!r} is none of ours"
    return filled, told


def issue(name: str) -> str:
    """Say that a sample came in without the field *name*."""
    default = DEFAULTS[name]
    return f"imported: without {name}, {f'set to {default}' if default else 'left empty'}"


def issues_of(names: Iterable[str]) -> str:
    """Return the `quality_issues` of a sample that came in without the fields *names*."""
    return orjson.dumps([issue(name) for name in names]).decode()


def id_of(values: Mapping[str, object]) -> str:
    """Return an id for a row that has none; the same texts get the same one."""
    text = "\0".join(str(values.get(name) or "") for name in NEEDED)
    return f"imported_{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _exchange(row: Mapping[str, object], columns: ColumnMap, values: Mapping[str, object]) -> Exchange | None:
    """Return the conversation that question and answer are to be taken from; None if they are there."""
    if not any(_is_blank(values.get(name)) for name in NEEDED):
        return None
    if columns.turns:
        return read_conversation(row.get(columns.turns))
    # Preferences of TRL may have the prompt within `chosen`.
    return read_conversation(row.get(columns.fields.get("answer", "")))


def _told_before(row: Mapping[str, object], columns: ColumnMap) -> str:
    """Return the system's line where the question's column holds messages, as prompts for TRL do; "" for none."""
    asked = row.get(columns.fields.get("question", ""))
    said = read_conversation(asked) if isinstance(asked, list) else None
    return said.system if said is not None else ""


def _system(value: object) -> str | None:
    return (
        said_in({"role": "system", **value})
        if isinstance(value, Mapping)
        else value
        if isinstance(value, str)
        else None
    )


def _listed(name: str, value: list[object]) -> object:
    """Return a list of texts as one, of a conversation what is asked for; any other list as it is."""
    if name in NEEDED and (said := read_conversation(value)) is not None:
        return said.answer if name == "answer" else said.question
    plain = all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in value)
    text = text_of(value) if not plain else _JOINED_BY.get(name, "\n").join(str(item) for item in value)
    return value if text is None else text


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal())


def _is_blank(value: object) -> bool:
    return blank_to_none(value) is None or value == []


def _extra(row: Mapping[str, object], used: set[str], taken: set[str]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the other columns of *row* under names that the data set can have, and those that had to change."""
    extra: dict[str, object] = {}
    renamed: dict[str, str] = {}
    for name, value in row.items():
        if name in used:
            continue
        kept = name
        if not name.strip() or name.startswith("_") or not name.isprintable() or len(name) > _LONGEST_NAME:
            kept = _free_name(name, taken | set(row) | set(extra))
            renamed[name] = kept
        extra[kept] = value
    return extra, renamed


def _free_name(name: str, taken: set[str]) -> str:
    printable = "".join(char for char in name if char.isprintable()).strip().lstrip("_")
    wanted = candidate = printable[: _LONGEST_NAME - 10] or "column"
    number = 1
    while candidate in taken:
        number += 1
        candidate = f"{wanted}_{number}"
    return candidate
