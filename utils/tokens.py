"""Counts tokens as a model would, with a vocabulary that comes with the package: no network."""

import warnings
from collections.abc import Iterable
from functools import cached_property
from typing import Any

ENCODING = "o200k_base"


class TokenCounter:
    """Counts tokens of the encoding named `encoding`. Thread-safe; loads its vocabulary at the first count."""

    encoding = ENCODING

    def count(self, texts: Iterable[str | None]) -> list[int]:
        """Return the number of tokens of each text; 0 for None."""
        encode = self._encoding.encode_ordinary
        return [len(encode(text)) if text else 0 for text in texts]

    @cached_property
    def _encoding(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it opens its vocabulary in an old way
            import bpe_openai

            encoding = bpe_openai.get_encoding(ENCODING)
            encoding.encode_ordinary("loads the vocabulary")
            return encoding
