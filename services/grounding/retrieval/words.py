"""Words of the index and of a question: the same tokens on both sides, and the FTS5 expression over them.

A token is letters and digits only, so that any tokenizer of FTS5 leaves it whole and none has a meaning in its query
language. No word is dropped and none is too short: "s", "9" and "no" find what they name. References keep their inner
order as one token beside the loose ones: "s. 172(1)(a)" has "s", "section", "172", "172q1" and "172q1qa".
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from services.citations.citation import plain

# What FTS5 is told: it stems, and parts at blanks only, since tokens hold nothing else.
FTS5_TOKENIZER = "porter ascii"
# How many entries of the inverted index a question may read. Words beyond are in so many texts that they tell nothing
# of one; a question of such words alone keeps its rarest.
MOST_POSTINGS = 20_000

_INITIALS = re.compile(r"(?<![a-z0-9])(?:[a-z]\.){2,}")
_POSSESSIVE = re.compile(r"'s\b")
_SIGNS = {"§": " section ", "¶": " paragraph ", "&": " and ", "'": ""}
_TOKEN = re.compile(
    r"(?P<pair>\d{1,4}/\d{1,4})(?!\d)"
    r"|(?P<number>\d+[a-z]{0,3})(?P<parts>(?:\s?\((?:[a-z]{1,5}|\d{1,3}[a-z]{0,2})\))+)"
    r"|(?P<word>[^\W_]+)"
)
_PART = re.compile(r"[a-z0-9]+")
# How references abbreviate the word before a number; the number makes it one.
_WORD_OF = {
    **dict.fromkeys(("s", "ss", "sec", "secs", "sect", "sections"), "section"),
    **dict.fromkeys(("art", "arts", "articles"), "article"),
    **dict.fromkeys(("reg", "regs", "regulations"), "regulation"),
    **dict.fromkeys(("para", "paras", "paragraphs"), "paragraph"),
    **dict.fromkeys(("r", "rr", "rules"), "rule"),
    **dict.fromkeys(("cl", "clauses"), "clause"),
    **dict.fromkeys(("sch", "sched", "schedules"), "schedule"),
}


def tokens_of(text: str) -> list[str]:
    """Return the tokens of *text* in order, for the index and for a question alike."""
    folded = _folded(text)
    tokens: list[str] = []
    for match in _TOKEN.finditer(folded):
        tokens += _tokens(match)
        if match["word"] in _WORD_OF and folded[match.end() : match.end() + 3].lstrip(" .")[:1].isdigit():
            tokens.append(_WORD_OF[match["word"]])
    return tokens


def match_expression(terms: Iterable[str]) -> str:
    """Return the FTS5 expression for texts with any of *terms*; "" where there are none."""
    return " OR ".join(f'"{term}"' for term in dict.fromkeys(terms))


def telling_terms(terms: Sequence[str], frequencies: Mapping[str, int], most: int = MOST_POSTINGS) -> list[str]:
    """Return the terms of a question that are worth reading, the rarest first.

    *frequencies* tells in how many chunks each term is. They may have *most* entries together; the rarest is kept
    whatever it has.
    """
    known = sorted({term for term in terms if frequencies.get(term)}, key=lambda term: (frequencies[term], term))
    kept: list[str] = []
    total = 0
    for term in known:
        total += frequencies[term]
        if kept and total > most:
            break
        kept.append(term)
    return kept


def _folded(text: str) -> str:
    folded = plain(text).casefold()
    if not folded.isascii():
        decomposed = unicodedata.normalize("NFKD", folded)
        folded = plain("".join(char for char in decomposed if not unicodedata.combining(char))).casefold()
    folded = _INITIALS.sub(lambda match: match.group().replace(".", "") + " ", folded)
    folded = _POSSESSIVE.sub("", folded)
    for sign, meant in _SIGNS.items():
        folded = folded.replace(sign, meant)
    return folded


def _tokens(match: re.Match[str]) -> list[str]:
    if match["pair"]:
        first, _, second = match["pair"].partition("/")
        return [first, second, f"{first}q{second}"]
    if match["number"]:
        chain = match["number"]
        tokens = [chain]
        for part in _PART.findall(match["parts"]):
            chain += f"q{part}"
            tokens += [part, chain]
        return tokens
    return [match["word"]]
