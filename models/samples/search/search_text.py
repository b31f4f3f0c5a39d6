"""What a search means: how text is folded, when a row matches, and how well.

A query is words, in any order, each of which must occur in one of the fields. Case and
accents do not matter. A word of three letters or more also finds longer words that
begin with it; words "in quotes" must stand together, whole; any other character is
literal. The index (`models.samples.search.search_index`) only proposes rows: this module decides.
"""

import html
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl

from models.contract.answers.dataset import SearchField
from utils.errors import InputError

FIELDS: tuple[SearchField, ...] = ("question", "answer", "topic", "case_citation", "reasoning")
ALL: tuple[SearchField, ...] = ("question", "answer", "topic", "case_citation")
_SPECIAL = frozenset("\\.+*?()|[]{}^$#&-~")
_MAX_CHARS = 1000
_MAX_TERMS = 32
_WHOLE_UP_TO = 2
# Text that lower case alone does not fold: non-ASCII letters, accents, typographic signs.
_ODD = r"[^\x00-\x7F£§→←…•°©®]"
_SIGNS = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "′": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "‑": "-",
    "ς": "σ",
    "\u00a0": " ",
}
_EDGE, _END, GAP = r"(?:^|[^\p{L}\p{N}])", r"(?:$|[^\p{L}\p{N}])", r"[^\p{L}\p{N}]+"
# Saturation of BM25; a field's own weight, and the length in characters at which a hit counts plainly.
_K1, _B = 1.2, 0.75
_WEIGHT = {
    "question": (2.0, 300),
    "answer": (1.0, 2500),
    "topic": (3.0, 40),
    "case_citation": (3.0, 100),
    "reasoning": (1.0, 900),
}
_SNIPPET_CHARS = 160


@dataclass(frozen=True)
class Term:
    """One thing that must occur.

    Attributes:
        tokens: Its words, folded, as the index has them; none if it is only signs.
        pattern: A regular expression over folded text (Rust's syntax).
        is_prefix: The last token may be the beginning of a longer word.
        is_exact: The index alone decides; otherwise its rows are examined.
    """

    tokens: tuple[str, ...]
    pattern: str
    is_prefix: bool
    is_exact: bool

    @cached_property
    def python(self) -> re.Pattern[str]:
        """The pattern for Python's `re`."""
        return re.compile(self.pattern.replace(r"[^\p{L}\p{N}]", r"(?:[\W_])"))


@dataclass(frozen=True)
class TextQuery:
    """A parsed query: every term must occur in one of `fields`."""

    terms: tuple[Term, ...]
    fields: tuple[SearchField, ...]

    @property
    def is_exact(self) -> bool:
        """True if rows that the index proposes need not be examined."""
        return all(term.is_exact for term in self.terms)


def parse_query(text: str, field: str = "all") -> TextQuery:
    """Read what a user typed.

    Raises:
        InputError: nothing to search for, too much of it, or an unknown field.
    """
    fields = ALL if field == "all" else tuple(name for name in FIELDS if name == field)
    if not fields:
        raise InputError(f"field: got {field[:40]!r}, want one of all, {', '.join(FIELDS)}")
    if not text.strip():
        raise InputError("q: is missing; give the words to search for, for example ?q=negligence")
    if len(text) > _MAX_CHARS:
        raise InputError(f"q: got {len(text)} characters, want at most {_MAX_CHARS}")
    terms: list[Term] = []
    for quoted, word in re.findall(r'"([^"]*)"|([^\s"]+|")', fold(text)):
        term = _phrase(quoted) if quoted.strip() else _word(word) if word else None
        if term is not None and term not in terms:
            terms.append(term)
    if not terms:
        raise InputError("q: holds nothing to search for; give a word between the quotes")
    if len(terms) > _MAX_TERMS:
        raise InputError(f"q: got {len(terms)} words, want at most {_MAX_TERMS}")
    return TextQuery(tuple(terms), fields)


def fold(text: str) -> str:
    """Fold one text as `fold_column` does."""
    return str(fold_column(pl.Series([text]))[0])


def fold_column(texts: pl.Series) -> pl.Series:
    """Fold case, accents and typographic signs."""
    # One query for both: for a single text the query itself is the cost.
    text = pl.col("text")
    both = (
        texts.alias("text")
        .to_frame()
        .select(text.fill_null("").str.to_lowercase(), text.str.contains(_ODD).fill_null(False).alias("odd"))
    )
    plain, odd = both["text"], both["odd"].arg_true()
    if not len(odd):
        return plain
    folded = texts.gather(odd).str.normalize("NFD").str.replace_all(r"\p{Mn}+", "").str.normalize("NFC")
    folded = folded.str.to_lowercase().str.replace_all(r"\p{Mn}+", "").str.replace_many(_SIGNS)
    return plain.scatter(odd, folded)


def words_of(folded: pl.Series) -> pl.Series:
    """Return folded texts as their words with single spaces between."""
    return folded.str.replace_all(GAP, " ")


def matches(rows: pl.DataFrame, query: TextQuery) -> pl.Series:
    """Return for each row whether it matches."""
    folded = {name: fold_column(rows[name]) for name in query.fields}
    found = pl.repeat(True, rows.height, dtype=pl.Boolean(), eager=True)
    for term in query.terms:
        anywhere = pl.repeat(False, rows.height, dtype=pl.Boolean(), eager=True)
        for name in query.fields:
            anywhere = anywhere | folded[name].str.contains(term.pattern)
        found = found & anywhere
    return found


def scores(rows: pl.DataFrame, query: TextQuery) -> pl.Series:
    """Score rows: how often each term occurs; short fields and titles weigh more (as BM25)."""
    total = pl.repeat(0.0, rows.height, dtype=pl.Float64(), eager=True)
    for name in query.fields:
        folded = fold_column(rows[name])
        weight, usual = _WEIGHT[name]
        norm = _K1 * (1 - _B + _B * folded.str.len_chars().cast(pl.Float64()) / usual)
        for term in query.terms:
            often = folded.str.count_matches(term.pattern).cast(pl.Float64())
            total = total + often * (weight * (_K1 + 1)) / (often + norm)
    return total


def snippet(text: str, query: TextQuery) -> str | None:
    """Return the part of *text* around the first hits as HTML with <mark>; None without a hit."""
    folded = "".join(_fold_char(char) for char in text)
    spans = sorted(span for term in query.terms for span in _spans(term, folded))
    if not spans:
        return None
    first = max(spans[0][0] - _SNIPPET_CHARS // 3, 0)
    last = min(first + _SNIPPET_CHARS, len(text))
    while first and not text[first - 1].isspace() and spans[0][0] - first < _SNIPPET_CHARS // 2:
        first -= 1
    parts, place = ["…" if first else ""], first
    for start, end in spans:
        if start < place or end > last:
            continue
        parts += [html.escape(text[place:start]), "<mark>", html.escape(text[start:end]), "</mark>"]
        place = end
    parts += [html.escape(text[place:last]), "…" if last < len(text) else ""]
    return "".join(parts)


def _word(word: str) -> Term | None:
    tokens = tuple(re.findall(r"[^\W_]+", word))
    if len(tokens) == 1 and tokens[0] == word:
        is_prefix = len(word) > _WHOLE_UP_TO
        return Term(tokens, _EDGE + re.escape(word) + ("" if is_prefix else _END), is_prefix, is_exact=True)
    edge = _EDGE if word[0].isalnum() else ""
    return Term(tokens, edge + _escape(word), is_prefix=True, is_exact=False)


def _phrase(text: str) -> Term | None:
    tokens = tuple(re.findall(r"[^\W_]+", text))
    if not tokens:
        return Term((), _escape(text.strip()), is_prefix=False, is_exact=False)
    return Term(tokens, _EDGE + GAP.join(tokens) + _END, is_prefix=False, is_exact=len(tokens) == 1)


def _escape(text: str) -> str:
    r"""Escape for Rust's regular expressions, where `\<` is an edge of a word and `\a` a fault."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


@lru_cache(maxsize=10_000)
def _fold_char(char: str) -> str:
    """Fold one character to one character, so that positions stay the same."""
    folded = char.lower() if char.isascii() else fold(char)
    return folded if len(folded) == 1 else char.lower() if len(char.lower()) == 1 else char


def _spans(term: Term, folded: str) -> list[tuple[int, int]]:
    found = []
    for match in term.python.finditer(folded):
        start, end = match.span()
        while start < end and not folded[start].isalnum() and term.tokens and term.pattern.startswith(_EDGE):
            start += 1
        while end > start and not folded[end - 1].isalnum() and term.pattern.endswith(_END):
            end -= 1
        found.append((start, end))
    return found
