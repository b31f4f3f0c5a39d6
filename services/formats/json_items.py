"""Reads JSON item by item, holding no more than one item and a window of text.

An incomplete item is tried again with twice the text, so that time is linear in the file's
size; an item longer than a sample can be ends the reading.
"""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import AnyStr, BinaryIO

from models.sizes import DEEPEST, RECORD_BYTES, RECORD_SIGNS, told
from services.formats.json_rows import several

CROWDED = f"holds more than {RECORD_SIGNS:,} values (commas and opening brackets are counted, in texts too)"
_WINDOW = 1 << 16
_BLANK = re.compile(r"[ \t\r\n]*")
_ROWS = re.compile(r"\[[ \t\r\n]*([^ \t\r\n])")


class OversizeItemError(ValueError):
    """An item is larger than a record may be."""


class ItemReader:
    """The items of one document, in order. Python's NaN and Infinity are read as NaN.

    Attributes:
        is_array: True once `records` found an array.
        is_wrapped: True once it found a list of objects within an object too large to be held.
    """

    def __init__(self, file: BinaryIO, longest: int = RECORD_BYTES) -> None:
        """Read *file*, whose items have at most *longest* characters as JSON."""
        self._file = file
        self._longest = longest
        self._decoded = codecs.getincrementaldecoder("utf-8-sig")()
        self._parse = json.JSONDecoder(parse_constant=lambda _: math.nan).raw_decode
        self.is_array = self.is_wrapped = False
        self._text = ""
        self._place = 0
        self._ended = False

    def items(self) -> Iterator[object]:
        """Yield the items.

        Raises:
            ValueError: it is not a JSON array, or an item is too long or nested too deeply.
        """
        if self._next_sign() != "[":
            raise ValueError("does not begin with [")
        self.is_array = True
        yield from self._listed()
        if sign := self._next_sign():
            raise ValueError(f"got {sign!r} after the array")

    def records(self) -> Iterator[object]:
        """Yield the items of an array, or the values that stand one after another.

        An object too large to be one yields the items of the list of objects in it.

        Raises:
            ValueError: it is no JSON, or an item is too long or nested too deeply.
        """
        if self._next_sign() == "[":
            yield from self.items()
            return
        if not self._next_sign():
            return
        try:
            yield self._item()
        except OversizeItemError:
            if self._next_sign() != "{":
                raise
            self.is_wrapped = True
            yield from self._wrapped()
        while sign := self._next_sign():
            if sign == ",":
                self._place += 1
                if not self._next_sign():
                    return
            yield self._item()

    def _listed(self) -> Iterator[object]:
        """Yield the items from [ to ]."""
        self._place += 1
        if self._next_sign() == "]":
            self._place += 1
            return
        while True:
            yield self._item()
            sign = self._next_sign()
            self._place += 1
            if sign == "]":
                return
            if sign != ",":
                raise ValueError(f"got {sign or 'the end'!r} after an item, want , or ]")

    def _wrapped(self) -> Iterator[object]:
        """Yield the items of the list of objects in the object that begins here."""
        self._place += 1
        found: list[str] = []
        while True:
            name = self._item()
            if self._next_sign() != ":" or not isinstance(name, str):
                raise ValueError("want a name and : in the object that holds the rows")
            self._place += 1
            if self._begins_rows():
                found.append(name)
                if len(found) > 1:
                    raise several(found)
                yield from self._listed()
            else:
                self._item()
            sign = self._next_sign()
            self._place += 1
            if sign == "}":
                return
            if sign != ",":
                raise ValueError(f"got {sign or 'the end'!r} after a value, want , or }}")

    def _begins_rows(self) -> bool:
        """Tell whether a list of objects begins here."""
        if self._next_sign() != "[":
            return False
        while (match := _ROWS.match(self._text, self._place)) is None and not self._ended:
            if len(self._text) - self._place > _WINDOW:
                return False
            self._read(_WINDOW)
        return match is not None and match.group(1) == "{"

    def _item(self) -> object:
        self._next_sign()
        while True:
            try:
                value, end = self._parse(self._text, self._place)
                # A number may continue in text not read yet.
                if end < len(self._text) or self._ended:
                    self._place = end
                    return value
            except json.JSONDecodeError as error:
                if self._ended or self._is_wrong(error):
                    raise ValueError(error.msg) from None
            except RecursionError:
                raise ValueError(f"nested more than {DEEPEST} levels deep") from None
            held = len(self._text) - self._place
            if held > self._longest:
                raise OversizeItemError(f"longer than {told(self._longest)}")
            if is_crowded(self._text[self._place :], ",", "[", "{"):
                raise OversizeItemError(CROWDED)
            self._read(max(held, _WINDOW))

    def _is_wrong(self, error: json.JSONDecodeError) -> bool:
        """Tell whether more text would not help: the fault is far from the end of what is read.

        An unterminated string is reported at its beginning, so more text may help it.
        """
        return "Unterminated string" not in error.msg and error.pos + 16 < len(self._text)

    def _next_sign(self) -> str:
        """Skip blanks; return the next character, "" at the end."""
        while True:
            match = _BLANK.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._text) or self._ended:
                return self._text[self._place : self._place + 1]
            self._read(_WINDOW)

    def _read(self, size: int) -> None:
        """Read on by *size* bytes, dropping what was used."""
        piece = self._file.read(size)
        self._ended = not piece
        self._text = self._text[self._place :] + self._decoded.decode(piece, final=self._ended)
        self._place = 0


def is_crowded(text: AnyStr, *signs: AnyStr) -> bool:
    """Tell whether *text* may exceed the limit of values, by its count of the *signs* before a value."""
    return len(text) > RECORD_SIGNS and sum(map(text.count, signs)) > RECORD_SIGNS
