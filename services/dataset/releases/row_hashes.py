"""The hash of a row: over what is trained on and its labels, the same on every machine and in every format.

Columns of the service's own findings are not in it: an import elsewhere makes these anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from utils.frames import pl

HASHED = (
    "question",
    "answer",
    "reasoning",
    "case_citation",
    "topic",
    "difficulty",
    "jurisdiction",
    "sample_type",
    "thinking",
)
_BYTES = 16


def row_hashes(rows: pl.DataFrame) -> pl.Series:
    """Return the hash of each row (16 bytes); a column that is missing counts as empty, and null as empty text.

    It is the first half of the SHA-256 of its texts in UTF-8, in the order of `HASHED`, each behind its length in
    characters and a colon, so that no text can pass for a part of another.
    """
    texts = [pl.col(name).fill_null("") if name in rows.columns else pl.lit("") for name in HASHED]
    parts = [part for text in texts for part in (text.str.len_chars().cast(pl.String()), pl.lit(":"), text)]
    joined = rows.select(pl.concat_str(parts).alias("text"))["text"]
    digests = [hashlib.sha256(text).digest()[:_BYTES] for text in joined.cast(pl.Binary())]
    return pl.Series("hash", digests, dtype=pl.Binary())


def content_hash(hashes: Iterable[bytes] | pl.Series) -> str:
    """Return the hash of rows in whatever order: the SHA-256 over their sorted hashes, in hexadecimal digits."""
    ordered = hashes.sort() if isinstance(hashes, pl.Series) else sorted(hashes)
    return hashlib.sha256(b"".join(ordered)).hexdigest()
