"""Numbers as lists show them: (a), (iv), First; the formats of DOCX (ECMA-376 part 1, 17.18.59)."""

from collections.abc import Callable

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = dict(
    pair.split(":")
    for pair in "one:first two:second three:third five:fifth eight:eighth nine:ninth twelve:twelfth".split()
)


def formatted(count: int, style: str) -> str:
    """Return *count* in the number format *style* of the standard; formats that it does not know as decimal."""
    if count < 0:
        return str(count)
    make = _FORMATS.get(style)
    return make(count) if make else str(count)


def _letters(count: int) -> str:
    """Return a, b, … z, aa, bb, …: Word repeats the letter."""
    return chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1) if 0 < count <= 26 * 30 else str(count)


def _roman(count: int) -> str:
    if not 0 < count < 5000:
        return str(count)
    text = ""
    for worth, letters in _ROMAN:
        times, count = divmod(count, worth)
        text += letters * times
    return text


def _cardinal(count: int) -> str:
    if count < 20:
        return _ONES[count]
    if count < 100:
        tens, ones = divmod(count, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if count < 1000:
        hundreds, rest = divmod(count, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {_cardinal(rest)}" if rest else "")
    return str(count)


def _ordinal_words(count: int) -> str:
    words = _cardinal(count)
    head, separator, last = words.rpartition("-") if "-" in words.split()[-1] else words.rpartition(" ")
    if last.isdigit():
        return _ordinal(count)
    return head + separator + _ORDINALS.get(last, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def _ordinal(count: int) -> str:
    if count % 100 in (11, 12, 13):
        return f"{count}th"
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th') }"


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda count: f"{count:02}",
    "lowerLetter": _letters,
    "upperLetter": lambda count: _letters(count).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "cardinalText": lambda count: _cardinal(count).capitalize(),
    "ordinalText": lambda count: _ordinal_words(count).capitalize(),
    "ordinal": _ordinal,
    "none": lambda _count: "",
}
