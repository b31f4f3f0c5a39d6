"""MinHash sketches of texts (Broder 1997): 128 permutations over three-word shingles, 32 bands of 4.

Parameters are measured in docs/adr/0012-duplicates.md. Texts are folded first: case, accents,
punctuation and blanks make no difference.
"""

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.samples.file.row_groups import portions
from models.samples.search.search_text import GAP, fold_column, words_of

PERMUTATIONS, BANDS = 128, 32
FIELDS = ("question", "answer", "reasoning")
_SHINGLE = 3
_SEED = 1
_WORD_SEED = 7
_PART_BYTES = 2 << 20
_MIX = np.uint64(0x9E3779B97F4A7C15)
# Hashes of words may change with Polars: an index made by another version is rebuilt.
VERSION = f"2 polars {pl.__version__}"

Sketches = NDArray[np.uint32]
Hashes = NDArray[np.uint64]


def texts_of(rows: pl.DataFrame) -> pl.Series:
    """Return the compared text of each row: question, answer and reasoning."""
    return rows.select(pl.concat_str([pl.col(name).fill_null("") for name in FIELDS], separator=" ")).to_series()


def sketches(texts: pl.Series) -> Sketches:
    """Return one row of 128 numbers per text."""
    sizes = texts.str.len_bytes().fill_null(0).cast(pl.Int64())
    # Splitting a text into words takes about 15 times its bytes.
    parts = [_sketched(part) for part in portions(texts, sizes, _PART_BYTES)]
    return np.concatenate(parts) if parts else np.empty((0, PERMUTATIONS), dtype=np.uint32)


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
            mixed = (mixed ^ parts[:, :, column]) * _MIX
            mixed ^= mixed >> np.uint64(29)
    return mixed


def similarity(one: Sketches, others: Sketches) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity (0 to 1) of a sketch and each of *others*."""
    return np.asarray((others == one).mean(axis=1), dtype=np.float64)


def exact_key(question: str, answer: str) -> str:
    """Return a key shared by texts that differ only in case, accents, punctuation and blanks."""
    folded = words_of(fold_column(pl.Series([question, answer]))).str.strip_chars()
    return hashlib.blake2b("\x1f".join(folded).encode(), digest_size=16).hexdigest()


def _shingles(folded: pl.Series) -> tuple[Hashes, Hashes]:
    """Return the hashes of all shingles, text by text, and the index at which each text begins."""
    word = pl.col("text").str.replace_all(GAP, " ").str.strip_chars().str.split(" ")
    split = folded.alias("text").to_frame().select(word)
    lengths = split.select(pl.col("text").list.len())["text"].to_numpy().astype(np.int64)
    words = split.select(pl.col("text").explode().fill_null("").hash(_WORD_SEED))["text"].to_numpy()
    ends = np.cumsum(lengths)
    starts = ends - lengths
    index = np.arange(len(words))
    row = np.repeat(np.arange(len(lengths)), lengths)
    padded = np.concatenate([words, np.zeros(_SHINGLE, dtype=words.dtype)])
    with np.errstate(over="ignore"):
        mixed = words.astype(np.uint64)
        for step in range(1, _SHINGLE):
            # Shingles must not reach into the next text.
            following = np.where(index + step < ends[row], padded[index + step], 0).astype(np.uint64)
            mixed = (mixed * _MIX) ^ following
    # A text of fewer words is one shingle.
    counts = np.maximum(lengths - (_SHINGLE - 1), 1)
    inside = index - starts[row] < counts[row]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    return np.ascontiguousarray(mixed[inside]), offsets
