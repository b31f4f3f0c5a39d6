"""The way of a sample through the code is the one that docs/architecture.md tells."""

import re
from functools import cache

import pytest

from bench.walk import PHASES, Walk, walked
from config import PROJECT_DIR

_CHAPTERS = {"start": "### The batch starts", "sample": "### The sample is made", "end": "### The batch ends"}


def told(phase: str) -> list[str]:
    """Return the files that the chapter of *phase* names, in its order; of one named twice, the first place."""
    text = (PROJECT_DIR / "docs" / "architecture.md").read_text()
    chapter = text.partition(_CHAPTERS[phase])[2].partition("\n##")[0]
    return list(dict.fromkeys(re.findall(r"`((?:api|services|models)/[\w/]+\.py)`", chapter)))


@cache
def way() -> Walk:
    return walked()


@pytest.mark.parametrize("phase", PHASES)
def test_files_of_the_chapter_are_met_in_its_order(phase: str) -> None:
    met = list(way().phases[phase].files)
    missing = [name for name in told(phase) if name not in met]

    assert missing == [], "the chapter names files that the sample does not meet"
    assert told(phase) == sorted(told(phase), key=met.index)


def test_chapters_name_what_one_needs_to_read() -> None:
    assert [len(told(phase)) >= least for phase, least in zip(PHASES, (8, 15, 4), strict=True)] == [True] * 3
