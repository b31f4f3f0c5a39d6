"""What people wrote in a card is kept; what readers need is true at each push."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dataset.hub.card import CardFacts, SplitFacts
from services.dataset.hub.card_merge import BEGIN, END, merged_card
from utils.errors import PublishError

FACTS = CardFacts(
    "My: set",
    {"train": SplitFacts(1500, 90_000, 9_000, "data/train-*"), "test": SplitFacts(2, 120, 12, "data/test-*")},
    [{"name": "id", "dtype": "string"}],
    {"jurisdiction": [("uk", 2)], "topic": [(f"T | {n}", 1) for n in range(30)]},
    {},
)
INFO = {
    "features": [{"name": "id", "dtype": "string"}],
    "splits": [
        {"name": "train", "num_bytes": 90_000, "num_examples": 1500},
        {"name": "test", "num_bytes": 120, "num_examples": 2},
    ],
    "download_size": 9_012,
    "dataset_size": 90_120,
}
FILES = [{"split": "train", "path": "data/train-*"}, {"split": "test", "path": "data/test-*"}]


def head_of(card: str) -> dict[str, Any]:
    head = yaml.safe_load(card.replace("\r\n", "\n").removeprefix("---\n").partition("\n---\n")[0])
    assert isinstance(head, dict)
    return head


def test_new_card_says_what_is_there_and_suggests_the_rest() -> None:
    text = merged_card(FACTS, None)
    head = head_of(text)

    assert (head["pretty_name"], head["license"], head["size_categories"]) == ("My: set", "unknown", ["1K<n<10K"])
    assert head["dataset_info"] == INFO
    assert head["configs"] == [{"config_name": "default", "data_files": FILES}]
    assert "uk" in head["tags"]
    assert "| T \\| 0 | 1 |" in text
    assert "| 5 others | 5 |" in text


HANDMADE = """---
# asked our counsel on 3 May
license: mit   # not cc
language:
- en
- cy
version: 1.10
task_categories: [question-answering]

# sizes
size_categories:
- n<1K
# mine

my_key: {a: 1}
configs:
- config_name: extra
  data_files: extra.csv
---
# Card written by hand

Ask me.
"""


def test_card_written_by_hand_keeps_its_text_keys_comments_and_order() -> None:
    card = merged_card(FACTS, HANDMADE)

    before, ours = card.split(BEGIN)
    assert before.endswith("\n---\n# Card written by hand\n\nAsk me.\n\n")
    assert ours.rstrip().endswith(END)
    for line in HANDMADE.split("---")[1].strip().splitlines():
        assert line in before.splitlines() or "n<1K" in line
    head = head_of(card)
    assert (head["license"], head["version"], head["my_key"], head["size_categories"]) == (
        "mit", 1.1, {"a": 1}, ["1K<n<10K"],
    )  # fmt: skip
    assert head["configs"] == [
        {"config_name": "default", "data_files": FILES},
        {"config_name": "extra", "data_files": "extra.csv"},
    ]
    assert "pretty_name" not in head


def test_next_push_changes_only_what_is_ours() -> None:
    first = merged_card(FACTS, HANDMADE)
    edited = first.replace("Ask me.", "Ask us.") + "\n## Thanks\n\nTo all.\n"
    fewer = replace(FACTS, splits={"train": SplitFacts(7, 70, 8, "data/train-*")})

    second = merged_card(fewer, edited)

    assert merged_card(FACTS, edited) == edited
    assert "Ask us." in second
    assert second.endswith("\n## Thanks\n\nTo all.\n")
    assert second.count(BEGIN) == second.count(END) == 1
    assert "7 legal questions" in second
    assert "1502 legal questions" not in second
    assert [split["name"] for split in head_of(second)["dataset_info"]["splits"]] == ["train"]


def test_text_behind_a_mark_that_lost_its_end_is_kept() -> None:
    broken = merged_card(FACTS, None).replace(END, "My own end.")

    once = merged_card(FACTS, broken)

    assert "My own end." in once
    assert merged_card(FACTS, once) == once


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param({}, {"license": "other", "license_name": "house"}, id="none: kept"),
        pytest.param({"license": "cc-by-4.0"}, {"license": "cc-by-4.0"}, id="another: its name goes"),
        pytest.param(
            {"license": "other", "license_name": "ours", "license_link": "https://x.example/l"},
            {"license": "other", "license_name": "ours", "license_link": "https://x.example/l"},
            id="another name",
        ),
    ],
)
def test_licence_changes_only_when_one_is_asked_for(asked: Mapping[str, str], told: Mapping[str, str]) -> None:
    card = merged_card(replace(FACTS, license=asked), "---\nlicense: other\nlicense_name: house\n---\nText\n")

    assert {key: value for key, value in head_of(card).items() if key.startswith("license")} == told


def test_own_keys_of_our_configuration_and_infos_of_others_are_kept() -> None:
    old = {
        "configs": [{"config_name": "default", "default": True, "data_files": "old.csv"}, {"config_name": "b"}],
        "dataset_info": [
            {"config_name": "b", "splits": []},
            {"config_name": "default", "features": [], "splits": [], "description": "x"},
        ],
    }

    head = head_of(merged_card(replace(FACTS, features=None), f"---\n{yaml.safe_dump(old)}---\n"))

    assert head["configs"] == [{"config_name": "default", "default": True, "data_files": FILES}, {"config_name": "b"}]
    mine = {key: value for key, value in INFO.items() if key != "features"}
    assert head["dataset_info"] == [
        {"config_name": "default", "description": "x", **mine},
        {"config_name": "b", "splits": []},
    ]


@pytest.mark.parametrize("head", ["license: [", "- a\n- b", "just words", "a: b: c", "when: 2024-99-99"], ids=repr)
def test_head_that_cannot_be_read_is_not_written_over(head: str) -> None:
    with pytest.raises(PublishError, match="mend it there, then push again"):
        merged_card(FACTS, f"---\n{head}\n---\nText\n")


@pytest.mark.parametrize(
    "old",
    [
        pytest.param("# No head\n\nText --- with dashes\n", id="no head"),
        pytest.param("---\n---\n# Empty head\n", id="empty head"),
        pytest.param("---\r\nlicense: mit\r\n---\r\n# Lines of Windows\r\n", id="lines of Windows"),
        pytest.param("---\n{license: mit, tags: [a]}\n---\n# Flow\n", id="flow"),
        pytest.param(
            "---\nlicense: &l mit\nmine: *l\ndataset_info: &i {x: 1}\nother: *i\n---\n# Anchors\n", id="anchors"
        ),
        pytest.param("---\ntext: |\n  a\n  ---\n  b\nsize_categories: n<1K\n---\n# Block\n", id="dashes in a text"),
        pytest.param("\n---\nlicense: mit\n---", id="nothing below"),
    ],
)
def test_heads_of_any_shape_are_read_and_kept(old: str) -> None:
    card = merged_card(FACTS, old)

    assert head_of(card)["size_categories"] == ["1K<n<10K"]
    for word in ("No head", "Empty head", "Lines of Windows", "# Flow", "# Anchors", "# Block"):
        assert (word in card) == (word in old)
    assert head_of(card).get("license", "unknown") == ("mit" if "mit" in old else "unknown")
    assert merged_card(FACTS, card) == card


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
KEYS = st.sampled_from(["license", "tags", "language", "x", "annotations_creators", "a b", "true", "1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.dates() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(theirs=st.dictionaries(KEYS, VALUES, max_size=5), lines=st.lists(TEXTS, max_size=5), style=st.booleans())
def test_every_key_and_line_of_a_person_survives_every_push(
    theirs: dict[str, object], lines: Sequence[str], style: bool
) -> None:
    written = yaml.safe_dump(theirs, default_flow_style=style, allow_unicode=True, sort_keys=False)
    text = "\n".join(f"> {line}" for line in lines)

    card = merged_card(FACTS, f"---\n{written}---\n{text}\n")

    found = head_of(card)
    assert {key: found[key] for key in theirs} == theirs
    assert found["dataset_info"] == INFO
    assert text.rstrip() in card
    assert merged_card(FACTS, card) == card
