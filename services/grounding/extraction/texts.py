"""Matters of text that formats share: what a reader sees of characters, raised marks, words parted at a line's end."""

import re
import unicodedata

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_UNSEEN = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff"
)
_CONTROLS = [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"]
_PLAIN = str.maketrans(
    {
        **_LIGATURES,
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_UNSEEN, ""),
        **{chr(code): "" for code in _CONTROLS},
        **{chr(code): "\ufffd" for code in range(0xD800, 0xE000)},  # half of a pair is no character
        "\u2028": "\n",
        "\u2029": "\n",
    }
)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MARK, _MARKS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+"), re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹, ]+")
# A hyphen at a line's end, as formats have it: pdfium writes U+FFFE for some.
HYPHENS = "-\u2010\u00ad\ufffe"
# First halves that English parts from the next word by a hyphen as a rule.
_KEPT_AFTER = frozenset("self non quasi cross well vice half".split())
_LAST_WORD = re.compile(r"[^\W_]+(?:[-\u2010][^\W_]+)*$")
# Ranges, dashes and paths ("15–", "2016/") go on without a space where they had none before.
_UNSPACED = re.compile(r"[^\W_][–—/]$")
_FIRST_WORD = re.compile(r"[^\W_]+(?:[-\u2010][^\W_]+)*")


def plain(text: str) -> str:
    """Return *text* with ligatures as letters, every space as one kind, and without what nobody sees."""
    return text.translate(_PLAIN)


def raised(digits: str) -> str:
    """Return *digits* as the mark of a note is written: "4" as "⁴", so that it is no digit of the number before it."""
    return digits.translate(_RAISED)


def is_mark(text: str) -> bool:
    """Say whether *text* is a mark of a note, or of several."""
    return _MARKS.fullmatch(text) is not None


def without_marks(text: str) -> str:
    """Return *text* without the marks of notes."""
    return _MARK.sub("", text)


def is_word(text: str) -> bool:
    """Say whether *text* shows a reader anything."""
    return any(not unicodedata.category(char).startswith(("Z", "C")) for char in text)


def parted(before: str, after: str, compounds: frozenset[str] | set[str] = frozenset()) -> str | None:
    """Return *before* as it goes on in *after* without a space; None when no hyphen or dash ends it.

    Args:
        before: A line, with its hyphen.
        after: The next one.
        compounds: Words in lower case that the document writes with a hyphen elsewhere.
    """
    if _UNSPACED.search(before) and after[:1].isalnum():
        return before
    if before[-1:] not in HYPHENS or before == "":
        return None
    stem, hyphen = before[:-1], before[-1]
    first = _FIRST_WORD.match(after)
    if first is None or not stem or not stem[-1].isalnum():
        return None
    if hyphen == "\u00ad":
        return stem
    last = _LAST_WORD.search(stem)
    head, tail = (last.group() if last else ""), first.group()
    kept = (
        not stem[-1].isalpha()
        or not tail[0].islower()
        or "-" in head
        or head.lower() in _KEPT_AFTER
        or f"{head}-{tail}".lower() in compounds
        or (len(head) == 1 and head.isupper())
    )
    return stem + "-" if kept else stem
