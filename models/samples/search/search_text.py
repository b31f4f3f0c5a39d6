"""What a search means: how text is folded, when a row matches, and how well.

A query is words, in any order, each of which must occur in one of the fields. Case and
accents do not matter, ß is ss. A word of three letters or more, or any with a * behind it, also
finds longer words that begin with it; words "in quotes" must stand together, whole; any other
character is literal, with or without a blank after it (`§10b`, `§ 10b`). `USC` and `U.S.C.` are one
word. In scripts without blanks a word is found wherever it stands. The index
(`models.samples.search.search_index`) only proposes rows: this module decides.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from models.contract.answers.dataset import SearchField
from utils.errors import InputError
from utils.frames import pl

FIELDS: tuple[SearchField, ...] = ("question", "answer", "topic", "case_citation", "reasoning")
ALL: tuple[SearchField, ...] = ("question", "answer", "topic", "case_citation")
_SPECIAL = frozenset("\\.+*?()|[]{}^$#&-~")
_MAX_CHARS = 1000
_MAX_TERMS = 32
_WHOLE_UP_TO = 2
_LONGEST_POINTED = 6
# With points these are something else: U.S. is not us.
_WORDS = frozenset("am an as at be by do go he if in is it me my no of on or so to up us we".split())
# Text that lower case alone does not fold: non-ASCII letters, accents, typographic signs.
_ODD = r"[^\x00-\x7F£§→←…•°©®]"
# Without the signs that make another kana of one.
_MARKS = r"[\p{Mn}--[\u{3099}\u{309A}]]+"
_SIGNS = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "′": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "‑": "-",
    "‐": "-",
    "ς": "σ",
    "\u00a0": " ",
}
# Scripts that write without blanks, or with endings that nobody searches for: Thai to Khmer, Hangul, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_EDGE = rf"(?:^|[^\p{{L}}\p{{N}}]|[{_UNSPACED}])"
_END = rf"(?:$|[^\p{{L}}\p{{N}}]|[{_UNSPACED}])"
GAP = r"[^\p{L}\p{N}]+"
# Letters with a point behind each, as one word; where such a word ends.
_POINTED = r"(?:^|[^\p{L}\p{N}.])((?:\p{L}\.){2,})"
_POINTED_EDGE, _POINTED_END = r"(?:^|[^\p{L}\p{N}.])", r"(?:$|[^\p{L}]|\p{L}(?:$|[^.]))"
_PYTHON = {
    _EDGE: rf"(?:^|(?<=[\W_{_UNSPACED}]))",
    _END: rf"(?:$|(?=[\W_{_UNSPACED}]))",
    _POINTED_EDGE: r"(?:^|(?<=[^\w.]))",
    _POINTED_END: r"(?=$|[\W\d_]|[^\W\d_](?:$|[^.]))",
    GAP: r"[\W_]+",
}
# A blank may follow any sign, and stand before these.
_SPACED = frozenset("§¶%()[]")
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
        """The pattern for Python's `re`, which marks the words alone."""
        pattern = self.pattern
        for rust, python in _PYTHON.items():
            pattern = pattern.replace(rust, python)
        return re.compile(pattern)


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
    # Most have a quotation mark or a dash and nothing else: to decompose a text takes ten times as long.
    signed = plain.gather(odd).str.replace_many(_SIGNS)
    plain = plain.scatter(odd, signed)
    odd = odd.filter(signed.str.contains(_ODD))
    if not len(odd):
        return plain
    folded = texts.gather(odd).str.normalize("NFKD").str.replace_all(_MARKS, "").str.normalize("NFC")
    folded = folded.str.to_lowercase().str.replace_all(_MARKS, "").str.replace_many(_SIGNS)
    return plain.scatter(odd, folded)


def spaced(texts: pl.Series) -> pl.Series:
    """Return *texts* with a blank on either side of each sign of a script that is written without."""
    odd = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()  # no such sign is one of ASCII
    if not len(odd):
        return texts
    # Polars puts values into the series itself.
    return texts.clone().scatter(odd, texts.gather(odd).str.replace_all(rf"[{_UNSPACED}]", " $0 "))


def words_of(folded: pl.Series) -> pl.Series:
    """Return folded texts as their words with single spaces between; letters with points are one word besides."""
    words = spaced(folded).str.replace_all(GAP, " ")
    pointed = folded.str.contains(_POINTED).fill_null(False).arg_true()
    if not len(pointed):
        return words
    joined = folded.gather(pointed).str.extract_all(_POINTED).list.join(" ").str.replace_all(r"[^\p{L} ]", "")
    return words.scatter(pointed, words.gather(pointed) + " " + joined)


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
    parts = [_fold_char(char) for char in text]
    places = [place for place, part in enumerate(parts) for _ in part] + [len(text)]
    folded = "".join(parts)
    spans = sorted(
        (places[match.start()], places[match.end() - 1] + 1)
        for term in query.terms
        for match in term.python.finditer(folded)
        if match.end() > match.start()
    )
    if not spans:
        return None
    first = max(spans[0][0] - _SNIPPET_CHARS // 3, 0)
    last = min(first + _SNIPPET_CHARS, len(text))
    while first and not text[first - 1].isspace() and spans[0][0] - first < _SNIPPET_CHARS // 2:
        first -= 1
    shown, place = ["…" if first else ""], first
    for start, end in spans:
        if start < place or end > last:
            continue
        shown += [html.escape(text[place:start]), "<mark>", html.escape(text[start:end]), "</mark>"]
        place = end
    shown += [html.escape(text[place:last]), "…" if last < len(text) else ""]
    return "".join(shown)


def _word(word: str) -> Term | None:
    is_beginning = len(word) > 1 and word.endswith("*") and word[-2].isalnum()
    word = word[:-1] if is_beginning else word
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]\.?", word) and word.replace(".", "") not in _WORDS:
        word = word.replace(".", "")
    tokens = _tokens(word)
    if len(tokens) == 1 and tokens[0] == word and not re.match(f"[{_UNSPACED}]", word):
        is_prefix = is_beginning or len(word) > _WHOLE_UP_TO
        end = "" if is_prefix else _END
        pattern = _EDGE + re.escape(word) + end
        if word.isalpha() and 1 < len(word) <= _LONGEST_POINTED:
            pointed = r"\.".join(word) + r"\."
            pattern = f"(?:{pattern}|{_POINTED_EDGE}{pointed}{'' if is_prefix else _POINTED_END})"
        return Term(tokens, pattern, is_prefix, is_exact=True)
    edge = _EDGE if word[0].isalnum() and not re.match(f"[{_UNSPACED}]", word) else ""
    return Term(tokens, edge + _loose(word), is_prefix=True, is_exact=False)


def _phrase(text: str) -> Term | None:
    words = re.findall(r"[^\W_]+", text)
    if not words:
        return Term((), _escape(text.strip()), is_prefix=False, is_exact=False)
    is_beginning = text.rstrip().endswith("*")
    edge = "" if re.match(f"[{_UNSPACED}]", words[0]) else _EDGE
    end = "" if is_beginning or re.search(f"[{_UNSPACED}]$", words[-1]) else _END
    tokens = _tokens(text)
    is_exact = len(tokens) == 1 and bool(edge)
    return Term(tokens, edge + GAP.join(words) + end, is_prefix=is_beginning, is_exact=is_exact)


def _tokens(text: str) -> tuple[str, ...]:
    """Return the words of *text* as the index has them: of scripts without blanks each character."""
    return tuple(re.findall(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+", text))


def _loose(word: str) -> str:
    """Return a pattern of *word* in which a blank may follow a sign, and stand before some."""
    pattern, before = "", ""
    for char in word:
        if before and char.isalnum() != before.isalnum() and (not before.isalnum() or char in _SPACED):
            pattern += r"\s*"
        pattern += _escape(char)
        before = char
    return pattern


def _escape(text: str) -> str:
    r"""Escape for Rust's regular expressions, where `\<` is an edge of a word and `\a` a fault."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


@lru_cache(maxsize=10_000)
def _fold_char(char: str) -> str:
    """Fold one character; some become two, and some none."""
    return char.lower() if char.isascii() else fold(char)
