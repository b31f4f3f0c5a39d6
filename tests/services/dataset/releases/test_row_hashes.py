"""The hash of a row: the same wherever the row is the same, another for any other text."""

import hashlib
import random
from collections.abc import Mapping, Sequence

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.dataset.releases.row_hashes import HASHED, content_hash, row_hashes

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ROWS = st.fixed_dictionaries({name: TEXTS | st.none() for name in HASHED})


def frame(rows: Sequence[Mapping[str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(HASHED, pl.String()))


def test_hash_is_that_of_the_documented_text() -> None:
    row = {name: f"{name} – §" for name in HASHED}

    written = "".join(f"{len(text)}:{text}" for text in row.values())

    assert row_hashes(frame([row]))[0] == hashlib.sha256(written.encode()).digest()[:16]


@given(ROWS, ROWS)
def test_rows_have_one_hash_only_where_their_texts_are_the_same(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    hashes = row_hashes(frame([one, other]))

    same = all((one[name] or "") == (other[name] or "") for name in HASHED)
    assert (hashes[0] == hashes[1]) is same


@given(st.lists(ROWS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_hash_of_rows_knows_no_order_and_counts_each(rows: list[dict[str, str | None]], dice: random.Random) -> None:
    shuffled = dice.sample(rows, len(rows))

    assert content_hash(row_hashes(frame(rows))) == content_hash(row_hashes(frame(shuffled)))
    assert content_hash(row_hashes(frame([*rows, rows[0]]))) != content_hash(row_hashes(frame(rows)))


def test_what_stands_at_the_end_of_a_text_is_not_taken_for_the_beginning_of_the_next() -> None:
    one = frame([dict.fromkeys(HASHED, "") | {"question": "1:a", "answer": ""}])
    other = frame([dict.fromkeys(HASHED, "") | {"question": "", "answer": "1:a"}])

    assert row_hashes(one)[0] != row_hashes(other)[0]
