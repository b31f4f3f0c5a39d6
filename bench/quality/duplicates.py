"""Measures sketches and their index: texts a CPU second, planted duplicates found, cost of a question.

Usage: python bench/quality/duplicates.py [texts]    (default: 20000)
"""

import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.store.corpus import Corpus
from services.quality.duplicates import ALIKE
from services.quality.duplicates.index import SketchIndex
from services.quality.duplicates.report import IndexedPairs
from services.quality.duplicates.sketch import FIELDS, sketches

_PIECE, _SEGMENT, _PLANTED = 1_000, 20_000, 400


def edited(text: str, share: float, draw: random.Random, words: list[str]) -> str:
    """Return *text* with a *share* of its words replaced."""
    return " ".join(draw.choice(words) if draw.random() < share else word for word in text.split())


def main(count: int) -> None:
    """Print every figure."""
    corpus, draw = Corpus(), random.Random(2)
    texts = [" ".join(str(corpus.sample(n)[name]) for name in FIELDS) for n in range(count)]
    print(f"{count} texts of {sum(map(len, texts)) // count} characters")
    with tempfile.TemporaryDirectory() as folder:
        index = SketchIndex(Path(folder))
        cpu, clock = time.process_time(), time.perf_counter()
        for start in range(0, count, _SEGMENT):
            part = texts[start : start + _SEGMENT]
            rows = [sketches(pl.Series(part[n : n + _PIECE])) for n in range(0, len(part), _PIECE)]
            index.append(pl.Series("id", [f"t{start + n}" for n in range(len(part))]), np.concatenate(rows))
        spent = time.process_time() - cpu, time.perf_counter() - clock
        print(f"taken in: {count / spent[0]:.0f} texts a CPU second, {count / spent[1]:.0f} a second")
        for name, share in (("upper case", 0.0), ("5 % of the words", 0.05), ("10 % of the words", 0.1)):
            chosen = draw.sample(range(count), _PLANTED)
            planted = [
                (n, texts[n].upper() if not share else edited(texts[n], share, draw, corpus.vocabulary)) for n in chosen
            ]
            asked = [(n, sketches(pl.Series([text]))[0]) for n, text in planted]
            cpu = time.process_time()
            found = sum(any(other == f"t{n}" for other, _ in index.near(row, ALIKE)) for n, row in asked)
            cost = 1000 * (time.process_time() - cpu) / len(asked)
            print(f"changed {name}: {found} of {_PLANTED} found, {cost:.2f} ms of CPU each")
        cpu = time.process_time()
        pairs, _ = IndexedPairs(*index.saved_and_fresh()).similar(ALIKE, 0)
        print(f"all pairs: {pairs} in {time.process_time() - cpu:.2f} s of CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
