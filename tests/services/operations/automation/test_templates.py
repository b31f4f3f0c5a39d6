"""Templates: kept by version, checked when they are kept, run as they are."""

from typing import Any

import pytest

from models.contract.automation_bodies import TemplateBody, TemplateRunBody
from services.operations.automation.templates import read_yaml
from services.platform import Platform
from tests.fakes import good_answer
from utils.errors import InputError, NotFoundError

NIGHTLY = """
# what is made at night
count: 2
provider: groq
jurisdiction: uk
seed: 7
"""


def put(platform: Platform, name: str = "nightly", **body: Any) -> Any:
    return platform.templates.put(name, TemplateBody(**body))


def test_each_change_is_a_version_and_all_of_them_stay(platform: Platform) -> None:
    platform.start()

    first = put(platform, yaml=NIGHTLY)
    same = put(platform, batch={"seed": 7, "count": 2, "provider": "groq", "jurisdiction": "uk"})
    second = put(platform, batch={"count": 3}, note="fewer words")

    assert (first["version"], same["version"], second["version"]) == (1, 1, 2)
    assert platform.templates.get("nightly")["batch"] == {"count": 3}
    assert platform.templates.get("nightly", 1)["batch"] == first["batch"] == read_yaml(first["yaml"])
    assert [kept["version"] for kept in platform.templates.versions("nightly")] == [2, 1]
    assert [kept["name"] for kept in platform.templates.all()] == ["nightly"]


def test_template_is_run_with_what_is_other_this_time(start: Any) -> None:
    platform = start({"groq": [good_answer] * 5})
    put(platform, yaml=NIGHTLY)

    batch = platform.templates.run("nightly", TemplateRunBody(change={"count": 1}))
    assert platform.batches.wait(batch["batch_id"], 30)

    row = platform.stores.tables.batches.get(batch["batch_id"])
    assert (row["target"], row["samples_generated"]) == (1, 1)
    assert row["request"]["origin"] == "template nightly@1"
    assert row["request"]["seed"] == 7


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"batch": {"cuont": 3}}, "cuont"),
        ({"batch": {"count": 0}}, "count"),
        ({"batch": {"count": 1, "origin": "me"}}, "origin"),
        ({"batch": {"jurisdiction": "atlantis"}}, "atlantis"),
        ({"batch": {"difficulty": "hardest"}}, "hardest"),
        ({"batch": {"sample_type": "nope"}}, "nope"),
        ({"yaml": "- a\n- b"}, "names to values"),
        ({"yaml": "count: [1"}, "cannot be read"),
        ({"yaml": "count: &n 1\nseed: *n"}, "references"),
        ({"yaml": "!!python/object:os.system {}"}, "cannot be read"),
    ],
)
def test_what_no_batch_is_started_with_is_not_kept(platform: Platform, body: dict[str, Any], told: str) -> None:
    platform.start()
    with pytest.raises(InputError, match=told):
        put(platform, **body)
    assert platform.templates.all() == []


def test_unknown_template_and_bad_names_are_told(platform: Platform) -> None:
    platform.start()
    with pytest.raises(NotFoundError, match="GET /api/templates"):
        platform.templates.get("nightly")
    with pytest.raises(InputError, match="letters"):
        put(platform, "a/b", batch={"count": 1})
    put(platform, batch={"count": 1})
    with pytest.raises(NotFoundError, match="version 9"):
        platform.templates.get("nightly", 9)
    platform.templates.delete("nightly")
    with pytest.raises(NotFoundError):
        platform.templates.delete("nightly")
