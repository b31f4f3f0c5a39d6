"""Charts: bars inside the box, stacked without gaps, heights in proportion, axes in round numbers."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from web.formats import money
from web.parts.charts import HEIGHT, WIDTH, by_day, heat_level, largest, last_days

DAYS = last_days(date(2026, 3, 2), 30)
AMOUNTS = st.one_of(st.just(0.0), st.floats(1e-6, 1e9))


def test_last_days_end_today_without_a_gap() -> None:
    assert (DAYS[0], DAYS[-2:], len(DAYS)) == ("2026-02-01", ["2026-03-01", "2026-03-02"], 30)


@given(st.dictionaries(st.sampled_from(DAYS), st.dictionaries(st.sampled_from(["a", "b", "c"]), AMOUNTS)))
def test_bars_stay_in_the_box_and_stand_on_each_other(values: dict[str, dict[str, float]]) -> None:
    chart = by_day(DAYS, values, ["a", "b", "c"], money, smallest_step=0.0)

    assert len(chart.bars) == sum(value > 0 for row in values.values() for value in row.values())
    for bar in chart.bars:
        assert chart.left <= bar.x
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= 7.8
        assert bar.y + bar.height <= HEIGHT
    for day in DAYS:
        mine = [bar for bar in chart.bars if bar.told.startswith(day)]
        foot = chart.floor
        for bar in mine:
            assert abs(bar.y + bar.height - foot) <= 0.25
            foot = bar.y


def test_heights_are_in_proportion_and_counts_have_whole_levels() -> None:
    chart = by_day(DAYS, {"2026-03-01": {"": 1.0}, "2026-03-02": {"": 3.0}}, [""])

    assert [level.label for level in chart.levels] == ["0", "1", "2", "3"]
    low, high = chart.bars
    assert abs(high.height / low.height - 3) < 0.01
    assert high.told == "2026-03-02: 3"


def test_small_sums_have_levels_that_differ() -> None:
    chart = by_day(DAYS, {"2026-03-02": {"m": 0.3}}, ["m"], money, smallest_step=0.0)

    assert [level.label for level in chart.levels] == ["$0", "$0.1000", "$0.2000", "$0.3000"]
    assert chart.bars[0].told == "2026-03-02: $0.3000 m"


def test_days_without_anything_leave_an_empty_chart() -> None:
    chart = by_day(DAYS, {}, [""])

    assert chart.bars == []
    assert [level.label for level in chart.levels] == ["0", "1"]


def test_largest_names_come_first_and_ties_by_name() -> None:
    assert largest({"b": 1, "a": 1, "c": 5}, 2) == ["c", "a"]


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_only_nothing_is_cold_and_only_the_highest_is_hottest(count: int, more: int) -> None:
    level = heat_level(count, count + more)

    assert (level == 0) == (count == 0)
    assert 0 <= level <= 4
    assert count == 0 or heat_level(count, count) == 4
