"""Numbers, money and times as people read them."""

import pytest

from web.formats import duration, moment, money, number, percent, size, summing_places, words


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (number(12345.6), "12,346"),
        (number(None), "–"),
        (number(0), "0"),
        (percent(0.4251, 1), "42.5 %"),
        (percent(None), "–"),
        (percent(-0.0), "0 %"),
        (percent(-0.001), "0 %"),
        (number(-0.2), "0"),
        (money(None), "price not known"),
        (money(0), "$0"),
        (money(0.00001), "under $0.0001"),
        (money(0.0123), "$0.0123"),
        (money(0.00207, 6), "$0.002070"),
        (money(None, 6), "price not known"),
        (money(1234.5), "$1,234.50"),
        (duration(None), "–"),
        (duration(0.4), "0 s"),
        (duration(59.6), "1 min"),
        (duration(61), "1 min 1 s"),
        (duration(1800), "30 min"),
        (duration(7_200), "2 h"),
        (duration(7_260), "2 h 1 min"),
        (duration(100_000), "1 d 3 h"),
        (moment("2026-11-29T14:05:59+00:00"), "29 Nov 2026, 14:05 UTC"),
        (moment("2026-11-29T14:05:59+02:00"), "29 Nov 2026, 12:05 UTC"),
        (moment("2026-11-29T14:05:59"), "29 Nov 2026, 14:05 UTC"),
        (moment("yesterday"), "yesterday"),
        (moment(None), "–"),
        (size(999), "999 B"),
        (size(1_400_000), "1.4 MB"),
        (size(None), "–"),
        (words("case_analysis"), "Case analysis"),
        (words(None), "–"),
    ],
)
def test_figures_read_as_people_write_them(made: str, wanted: str) -> None:
    assert made == wanted


@pytest.mark.parametrize(
    ("total", "parts", "places"),
    [
        pytest.param(0.00207, [0.00143, 0.00064], 5, id="four places would not sum"),
        pytest.param(0.0020, [0.0014, 0.0006], 4, id="four do"),
        pytest.param(3.0, [1.254, 1.746], 2, id="cents do"),
        pytest.param(3.008, [1.504, 1.504], 3, id="cents do not"),
        pytest.param(0.000001, [0.0000004, 0.0000004, 0.0000004], 6, id="never"),
        pytest.param(None, [0.1, None], None, id="not known"),
        pytest.param(0.0, [0.0], None, id="nothing"),
    ],
)
def test_costs_have_the_places_at_which_they_sum(total: float | None, parts: list[float | None], places: int) -> None:
    assert summing_places(total, parts) == places
