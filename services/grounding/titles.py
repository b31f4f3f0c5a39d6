"""The title of a document whose file has none: of its first lines, else of its name."""

import re
from collections.abc import Iterable

from models.grounding.document import Page

_HEAD = 4_000
_LONGEST = 120
_LINES = 5
_TITLED = re.compile(r"(?i)\s*(?:short )?title\s*:\s*(?P<title>\S.*)")
_KINDS = (
    "Act|Acts|Bill|Law|Code|Statute|Ordinance|Regulations?|Order|Rules|Bye-?laws|Directive|Decision|Measure|Charter|Constitution"
    "|Convention|Covenant|Declaration|Protocol|Treaty|Agreement|Contract|Lease|Licence|License|Deed|Terms|Conditions|Policy"
)
# "Harbours Act 2021", "Harbours Act (Northern Ireland) 2021", "LEASE AGREEMENT".
_ENDS = re.compile(rf"(?i).*\b(?:{_KINDS})(?: \([^()]+\))*(?:,? (?:of )?\d{{4}})?")
# "Convention on the Rights of the Child", "Code of Civil Procedure", "Directive 2011/83/EU".
_BEGINS = re.compile(
    rf"(?i)(?:the )?(?:{_KINDS}) (?:(?:of|on|for|concerning|relating|between) \S.*|(?:\(E[UC]\) )?(?:No )?\d+/\d+\b.*)"
)
# What publishers print above a title.
_ABOVE = re.compile(
    r"(?i)statutory (?:instruments|rules)\b.*|(?:public general )?acts? of (?:parliament|congress)"
    r"|\d{4} (?:no\.?|chapter|c\.?) .*|(?:chapter|c\.) \d+|(?:elizabeth|charles) i+\b.*|[\W\d_]*"
)
_NO_TITLE = re.compile(
    r"(?i)(?:this|that|these|an?|in|under|see|contents|table|arrangement|part|chapter|section)\b|[\d(\[]"
)
_SMALL = frozenset("a an and as at between by concerning for from in of on or relating the to under upon with".split())
_END = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")


def title_of(pages: Iterable[Page], name: str) -> str:
    """Return what the first lines say the title is, else *name*, of a file, without its extension."""
    return _of_lines(_first_lines(pages)) or _of_name(name)


def _first_lines(pages: Iterable[Page]) -> list[str]:
    head = ""
    for page in pages:
        head += page.text[:_HEAD]
        if len(head) >= _HEAD:
            break
    lines = (" ".join(line.split()) for line in head[:_HEAD].splitlines())
    return [line for line in lines if not _ABOVE.fullmatch(line)][:_LINES]


def _of_lines(lines: list[str]) -> str:
    for line in lines:
        if titled := _TITLED.fullmatch(line):
            return titled["title"].strip("\"' ")[:_LONGEST]
    first = lines[0].strip("#*_ ") if lines else ""
    return first if _is_title(first) else ""


def _is_title(line: str) -> bool:
    """Say whether a line can only be the title of an instrument: named as one, and written as a title is."""
    words = re.findall(r"[^\W\d_][\w'’-]*", line)
    return (
        len(line) <= _LONGEST
        and line[-1:] not in ".;:,?!"
        and len(words) > 1
        and not _NO_TITLE.match(line)
        and (_ENDS.fullmatch(line) or _BEGINS.fullmatch(line)) is not None
        and all(word[0].isupper() or word in _SMALL for word in words)
    )


def _of_name(name: str) -> str:
    stem = _END.sub("", name)
    return (stem if " " in stem else stem.replace("_", " ")).strip() or name
