"""MinHash sketches of texts (Broder 1997): 128 permutations over three-word shingles, 32 bands of 4.

Parameters are measured in docs/adr/0012-duplicates.md. Texts are folded first: case, accents,
punctuation and blanks make no difference.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TypeAlias

from models.samples.file.row_groups import portions
from models.samples.search.search_text import GAP, fold_column, words_of
from utils.frames import NDArray, np, pl

PERMUTATIONS, BANDS = 128, 32
FIELDS = ("question", "answer", "reasoning")
_SHINGLE = 3
_SEED = 1
_WORD_SEED = 7
_PART_BYTES = 2 << 20
_MIX = 0x9E3779B97F4A7C15

# One text is read without a query, which costs ten times what the text does, while it has only these signs: what stands
# between words, and letters that are one of ASCII with an accent. The folding of any other is left to Polars.
_GAPS = "£§→←…•°©®’‘“”–—‑′\u00a0"
_LETTERS = {
    char: parts[0].lower()
    for char in map(chr, range(0xC0, 0x180))
    if (parts := unicodedata.normalize("NFKD", char))[0].isascii() and parts[0].isalpha()
    if len(parts) > 1 and all(unicodedata.combining(mark) for mark in parts[1:])
}
_SAID_AS = {**dict.fromkeys(_GAPS, " "), **_LETTERS}
_BETWEEN = [char for char in map(chr, range(128)) if not char.isalnum() and char != " "] + list(_GAPS)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7F]")
_ASCII = bytes(ord(char.lower() if char.isalnum() else " ") for char in map(chr, range(128))) + bytes(128)

Sketches: TypeAlias = "NDArray[np.uint32]"
Hashes: TypeAlias = "NDArray[np.uint64]"


def version() -> str:
    """Return what sketches were made with: hashes of words may change with Polars, and the index is then rebuilt."""
    return f"2 polars {pl.__version__}"


def texts_of(rows: pl.DataFrame) -> pl.Series:
    """Return the compared text of each row: question, answer and reasoning."""
    return rows.select(pl.concat_str([pl.col(name).fill_null("") for name in FIELDS], separator=" ")).to_series()


def sketches(texts: pl.Series) -> Sketches:
    """Return one row of 128 numbers per text."""
    sizes = texts.str.len_bytes().fill_null(0).cast(pl.Int64())
    # Splitting a text into words takes about 15 times its bytes.
    parts = [_sketched(part) for part in portions(texts, sizes, _PART_BYTES)]
    return np.concatenate(parts) if parts else np.empty((0, PERMUTATIONS), dtype=np.uint32)


def sketch_of(text: str) -> Sketches:
    """Return the 128 numbers of one text, as `sketches` does."""
    words = _plain_words(text)
    if words is None:
        made: Sketches = sketches(pl.Series([text]))[0]
        return made
    from rensa import RMinHash

    hashes = pl.Series(words or [""], dtype=pl.String()).hash(_WORD_SEED).to_numpy()
    count = max(len(hashes) - (_SHINGLE - 1), 1)  # a text of fewer words is one shingle
    padded = np.concatenate([hashes, np.zeros(_SHINGLE, dtype=np.uint64)])
    mixed = padded[:count]
    with np.errstate(over="ignore"):
        for step in range(1, _SHINGLE):
            mixed = (mixed * np.uint64(_MIX)) ^ padded[step : step + count]
    offsets = np.array([0, count], dtype=np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(mixed, offsets, PERMUTATIONS, _SEED)
    return np.array(matrix.to_rows()[0], dtype=np.uint32)


def _plain_words(text: str) -> list[str] | None:
    """Return the folded words of *text*; None where it has a sign whose folding is left to Polars."""
    if not text.isascii():
        for sign in set(_BEYOND_ASCII.findall(text)):
            if sign not in _SAID_AS:
                return None
            text = text.replace(sign, _SAID_AS[sign])
    return text.encode("ascii").translate(_ASCII).decode("ascii").split()


def _sketched(texts: pl.Series) -> Sketches:
    from rensa import RMinHash

    hashes, offsets = _shingles(fold_column(texts))
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, PERMUTATIONS, _SEED)
    return np.array(matrix.to_rows(), dtype=np.uint32).reshape(len(texts), PERMUTATIONS)


def band_hashes(rows: Sketches) -> Hashes:
    """Return one hash for each band of each sketch: texts that share one are candidates (n x 32)."""
    parts = rows.reshape(len(rows), BANDS, PERMUTATIONS // BANDS).astype(np.uint64)
    mixed = np.zeros((len(rows), BANDS), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in range(parts.shape[2]):
            mixed = (mixed ^ parts[:, :, column]) * np.uint64(_MIX)
            mixed ^= mixed >> np.uint64(29)
    return mixed


def similarity(one: Sketches, others: Sketches) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity (0 to 1) of a sketch and each of *others*."""
    # Eight equal numbers are counted at a time, one in each byte: their mean takes twice as long.
    equal = (others == one).view(np.uint64)
    counted = equal.sum(axis=1, dtype=np.uint64).view(np.uint8).reshape(len(others), 8)
    return np.asarray(counted.sum(axis=1) / PERMUTATIONS, dtype=np.float64)


def exact_key(question: str, answer: str) -> str:
    """Return a key shared by texts that differ only in case, accents, punctuation and blanks."""
    folded = words_of(fold_column(pl.Series([question, answer]))).str.strip_chars()
    return hashlib.blake2b("\x1f".join(folded).encode(), digest_size=16).hexdigest()


def _shingles(folded: pl.Series) -> tuple[Hashes, Hashes]:
    """Return the hashes of all shingles, text by text, and the index at which each text begins."""
    words, lengths = _words(folded)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    padded = np.concatenate([words, np.zeros(_SHINGLE - 1, dtype=np.uint64)])
    mixed = words.copy()
    inside = np.ones(len(words), dtype=np.bool_)
    for step in range(1, _SHINGLE):
        mixed *= np.uint64(_MIX)
        mixed ^= padded[step : step + len(words)]
        inside[np.maximum(ends - step, starts)] = False  # it would reach into the next text
    # A text of fewer words is one shingle.
    short = np.flatnonzero(lengths < _SHINGLE)
    first = starts[short]
    alone = words[first]
    for step in range(1, _SHINGLE):
        alone = (alone * np.uint64(_MIX)) ^ np.where(step < lengths[short], padded[first + step], np.uint64(0))
    mixed[first] = alone
    inside[first] = True
    counts = np.maximum(lengths - (_SHINGLE - 1), 1)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    return mixed[inside], offsets


def _words(folded: pl.Series) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hashes of all words, text by text, and how many each text has; of a text without any that of ""."""
    # What stands between words is mostly of a few signs; a regular expression takes five times as long for them.
    spaced = folded.str.replace_many(_BETWEEN, [" "])
    odd = (spaced.str.len_bytes() != spaced.str.len_chars()).arg_true()
    if len(odd):
        spaced = spaced.scatter(odd, spaced.gather(odd).str.replace_all(GAP, " "))
    parts = spaced.alias("text").to_frame().select(pl.col("text").str.split(" "))
    counts = parts.select(pl.col("text").list.len())["text"].to_numpy().astype(np.int64)
    every = parts.select(pl.col("text").explode()).select(
        pl.col("text").hash(_WORD_SEED).alias("hash"), (pl.col("text") != "").alias("is_word")
    )
    is_word = every["is_word"].to_numpy().copy()
    starts = np.cumsum(counts) - counts
    lengths = np.add.reduceat(is_word, starts, dtype=np.int64) if len(starts) else counts
    empty = np.flatnonzero(lengths == 0)
    is_word[starts[empty]] = True
    lengths[empty] = 1
    return every["hash"].to_numpy()[is_word], lengths
