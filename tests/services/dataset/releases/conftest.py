"""What the tests of releases share: a started service with samples, and what is asked of it in few words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from bootstrap import build
from models.contract.answers.releases import ReleaseFacts
from models.contract.release_bodies import ReleaseBody
from services.platform import Platform
from tests.fakes import sample, settings_for

LEVELS = ("basic", "expert", "advanced")


def texts_of(number: int) -> dict[str, str]:
    """Return texts that are unlike those of other numbers."""
    words = " ".join(f"w{number * 7919 + place}" for place in range(40))
    return {
        "question": f"What is asked in {number}? {words[:60]}",
        "answer": f"It is {words}.",
        "reasoning": "Step 1: so",
    }


def release(platform: Platform, **body: Any) -> ReleaseFacts:
    """Make a release and wait for it."""
    run_id = platform.releases.start(ReleaseBody.model_validate({"name": "law", **body}))
    return cast("ReleaseFacts", platform.runs.outcome(run_id)["release"])


@pytest.fixture
def filled(platform: Platform) -> Platform:
    """A started service with thirty samples, some of them in the file and some in the journal."""
    platform.start()
    for number in range(30):
        values = {"id": f"s{number:02}", "difficulty": LEVELS[number % 3], "thinking": f"I think {number}."}
        platform.dataset.add(sample(**{**texts_of(number), **values}))
        if number == 20:
            platform.stores.samples.fold()
    return platform


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Platform]:
    """Another installation, empty and started."""
    made = build(settings_for(tmp_path / "elsewhere"))
    yield made.start()
    made.close()
