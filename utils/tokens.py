"""Counts tokens as a model would, with a vocabulary that comes with the package: no network."""

import warnings
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Protocol

ENCODING = "o200k_base"
# Characters; the encoder refuses a million.
_LONGEST = 200_000


class _Encoding(Protocol):
    """What we use of an encoding of `bpe_openai`, which has no types."""

    def encode_ordinary(self, text: str) -> list[int]: ...


class TokenCounter:
    """Counts tokens of the encoding named `encoding`. Thread-safe; loads its vocabulary at the first count."""

    encoding = ENCODING

    def count(self, texts: Iterable[str | None]) -> list[int]:
        """Return the number of tokens of each text; 0 for None."""
        encode = self._encoding.encode_ordinary
        return [sum(len(encode(part)) for part in _parts(text)) if text else 0 for text in texts]

    @cached_property
    def _encoding(self) -> _Encoding:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it opens its vocabulary by a deprecated call
            import bpe_openai

            encoding: _Encoding = bpe_openai.get_encoding(ENCODING)
            encoding.encode_ordinary("loads the vocabulary")
            return encoding


def _parts(text: str) -> Iterator[str]:
    """Yield *text* in parts that can be encoded at once, cut before a blank where there is one."""
    start = 0
    while len(text) - start > _LONGEST:
        end = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
        end = end if end > 0 else start + _LONGEST
        yield text[start:end]
        start = end
    yield text[start:]
