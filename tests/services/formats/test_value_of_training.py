"""The figures of bench/trainers/value.py: what is compared, and how sure it is."""

from typing import Any

from bench.trainers.value import f1, figures, interval, verdicts


def test_f1_counts_words_as_often_as_they_stand() -> None:
    assert f1("Duty, of care!", "duty of CARE") == 1.0
    assert f1("duty duty", "duty of") == 0.5
    assert f1("nothing", "alike") == f1("", "alike") == 0.0


def test_interval_holds_the_mean_and_is_the_same_each_time() -> None:
    differences = [-0.3, -0.1, 0.0, -0.2, -0.4]

    low, high = interval(differences)

    assert low < -0.2 < high <= 0.0
    assert (low, high) == interval(differences)
    assert interval([0.5] * 4) == (0.5, 0.5)


def test_trained_model_is_compared_question_by_question_over_its_seeds() -> None:
    base: list[dict[str, Any]] = [{"seed": None, "row": row, "loss": 3.0 + row, "text": "no"} for row in range(2)]
    trained: list[dict[str, Any]] = [
        {"seed": seed, "row": row, "loss": 2.0 + row + seed} for seed in (0, 1) for row in range(2)
    ]
    for line in trained[:2]:
        line["text"] = "yes"

    told = figures([*base, *trained], ["yes", "yes"])

    assert told["loss"] == {"base": 3.5, "trained": 3.0, "difference": -0.5, "interval": (-0.5, -0.5)}
    assert told["f1"] == {"base": 0.0, "trained": 1.0, "difference": 1.0, "interval": (1.0, 1.0)}


def test_citations_of_what_is_written_are_checked() -> None:
    counted = verdicts(["See Donoghue v Stevenson [1932] AC 562.", "See Marsh v Baird [2007] UKSC 4."])

    assert (counted["verified"], counted["invalid"]) == (1, 1)
