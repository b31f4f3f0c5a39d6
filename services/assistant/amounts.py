"""How many samples a text asks for: numbers in figures and in words, but not those of provisions, years and lengths."""

import re
from fractions import Fraction

from utils.errors import InputError

LARGEST, A_FEW = 100_000, 10
_TIMES = {"k": 1000, "hundred": 100, "thousand": 1000, "m": 1_000_000, "million": 1_000_000, "billion": 1_000_000_000}
_MOST_DIGITS = 20
_ARTICLES = frozenset(("a", "an", "another", "single"))
_SINGULAR = frozenset(("sample", "example", "question", "one", "item"))
_FIGURE = re.compile(
    r"(?<![\w.,])(-|\u2212|minus )?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?"
    r"(?: ?(k|m|hundred|thousand|million|billion))?(?!\w|\.\d)"
)
_ASKED = "(?<!generate )(?<!create )(?<!make )(?<!write )(?<!draft )(?<!produce )(?<!need )(?<!want )(?<!me )(?<!us )"
_OF_LAW = re.compile(
    r"\b(?:ss?|sections?|art|articles?|r|rule|para|no)\.?\s*\d+"
    rf"|{_ASKED}(?<![\w,-])(?:1[5-9]|20)\d\d\b(?! (?:samples?|examples?|questions?))"
    r"|\b\d+ (?:words?|characters?|tokens?|steps?)\b"
)
_IN_WORDS: dict[int, str] = {
    0: "zero",
    1: "a an one another single",
    2: "two couple",
    3: "three few",
    4: "four",
    5: "five several some",
    6: "six",
    7: "seven",
    8: "eight",
    9: "nine",
    10: "ten",
    12: "dozen twelve",
    15: "fifteen",
    20: "twenty",
    25: "twenty-five",
    30: "thirty",
    40: "forty",
    50: "fifty",
    100: "hundred",
    1000: "thousand",
}
_NUMBERS = {word: number for number, words in _IN_WORDS.items() for word in words.split()}


def amount(text: str) -> int | None:
    """Return the whole number that *text* writes in figures, which may be below 1; None for none."""
    for found in _FIGURE.finditer(text.casefold()):
        sign, whole, part, times = found.groups()
        number = Fraction(whole.replace(",", "")[:_MOST_DIGITS] + (part or "")[:_MOST_DIGITS]) * _TIMES.get(
            times or "", 1
        )
        if number.denominator == 1:
            return int(-number if sign else number)
    return None


def amount_wanted(text: str) -> int:
    """Return how many samples *text* asks for; a few where it does not say.

    Raises:
        InputError: it asks for fewer than 1 or more than `LARGEST`.
    """
    bare = _OF_LAW.sub(" ", " ".join(text.casefold().split()))
    figure = amount(bare)
    number = _in_words(bare) if figure is None else figure
    if not 1 <= number <= LARGEST:
        raise InputError(
            f"samples: got {number}, want 1 to {LARGEST}; say how many, as in 'generate 50 expert samples on trusts'"
        )
    return number


def _in_words(text: str) -> int:
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", text)
    for place, word in enumerate(words):
        behind = words[place + 1 : place + 5]
        if word in _NUMBERS and (word not in _ARTICLES or _SINGULAR & set(behind)):
            return _NUMBERS[word] * (_TIMES.get(behind[0], 1) if behind else 1)
    return A_FEW
