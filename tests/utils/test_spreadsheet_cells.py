"""No cell of a table is a formula, and every cell comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.spreadsheet_cells import guarded, unguarded

_BEFORE = [
    "",
    " ",
    "  ",
    "\u00a0",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\u3000",
    "\u2028",
    "\ufeff",
    "\u200b",
    "\x00",
    " \u00a0\n",
]


@pytest.mark.parametrize("before", _BEFORE)
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_cell_that_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe(before: str, sign: str) -> None:
    cell = f"{before}{sign}1+1"

    assert guarded(cell) == f"'{cell}"
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["", " ", "plain", " plain", "a=b", "'quoted'", "' x", "§ 1", "1-2"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert guarded(cell) == unguarded(cell) == cell


@given(st.text(alphabet=st.sampled_from([*"'=+-@ax1 \t\r\n", "\u00a0", "\ufeff", "＝"]), max_size=8) | st.text())
def test_no_cell_is_lost_and_none_begins_like_a_formula(cell: str) -> None:
    written = guarded(cell)

    assert unguarded(written) == cell
    assert not written.lstrip("\u00a0\ufeff\u200b \t\r\n").startswith(("=", "+", "-", "@"))
