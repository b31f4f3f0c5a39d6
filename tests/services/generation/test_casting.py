"""Casts: each party can be what the facts say of it."""

import random
import re

import pytest

from services.catalogue.files import read_toml
from services.catalogue.rows import SlotValues, Topic
from services.generation.casting import cast_for
from tests.fakes import CATALOG, CATALOGUE

_SLOTS = {
    name: SlotValues.model_validate(values) for name, values in read_toml(CATALOG / "prompts" / "slots.toml")[0].items()
}
_SEEDS = range(60)
# What only a person of flesh and blood can be, do or suffer, by the words that the facts tell it with.
_PERSONAL = (
    r"{x}, (?:an? )?(?:\w+ )?(?:officer|minister|official|registrar|bystander|caseworker|tenant|pensioner|trustee"
    r"|doctor|prisoner|commander|electrician|employee|customer|adviser|citizen|director|man|woman|baker)\b",
    r"{x} is (?:the prosecutor|an? (?:only )?director|the only director)",
    r"{x}, who\b",
    r"(?:runs at|pushes|pulls away a chair as|touches it and dies) {x}",
    r"(?:led|decided) by {x}, who",
)
# What only a firm can be.
_OF_A_FIRM = (
    r"{x}, an? (?:small |Delaware )?(?:company|corporation|firm|merchant|shop|maker)\b",
    r"(?:new firm|board of|directors of) ?,? {x}",
    r"{x}, which\b",
    r"{x} goes into insolvent liquidation",
    r"(?:offices? of|officer of|engine of|website of|clinic of) {x}",
)
_TWO_PEOPLE = re.compile(r"\{a\} and \{b\} (?:married|separate|buy a home)|marriage of twenty years, while \{b\}")


def _says(patterns: tuple[str, ...], slot: str, facts: str) -> bool:
    own = [pattern.replace("{x}", re.escape(slot)) for pattern in patterns if "{x}" in pattern]
    return any(re.search(pattern, facts) for pattern in own)


@pytest.mark.parametrize("topic", [one for one in CATALOGUE.topics if one.facts], ids=lambda one: one.key)
def test_cast_of_every_topic_and_seed_fits_the_roles_of_its_facts(topic: Topic) -> None:
    slots = _SLOTS[topic.jurisdiction]
    people = {*slots.men, *slots.women}
    told = f"{topic.facts}. {topic.outcome}"
    for seed in _SEEDS:
        values = cast_for(topic, slots, random.Random(seed))
        assert values["a"] != values["b"]
        for slot in ("a", "b"):
            if _says(_PERSONAL, f"{{{slot}}}", told):
                assert values[slot] in people, (topic.key, slot, values[slot])
            if _says(_OF_A_FIRM, f"{{{slot}}}", told):
                assert values[slot] in slots.firms, (topic.key, slot, values[slot])
        if _TWO_PEOPLE.search(told):
            assert {values["a"], values["b"]} <= people
        if re.search(r"\{a\}, a man\b", told):
            assert values["a"] in slots.men


@pytest.mark.parametrize("role", ["man", "woman", "firm", "person"])
def test_both_parties_may_be_of_one_role_and_are_different(role: str) -> None:
    topic = Topic(
        practice_area="P", topic="T", difficulty="basic", jurisdiction="uk", facts="x", outcome="y", a=role, b=role
    )
    drawn = [cast_for(topic, _SLOTS["uk"], random.Random(seed)) for seed in _SEEDS]
    assert all(one["a"] != one["b"] for one in drawn)
    assert len({one["a"] for one in drawn}) > 1


def test_no_firm_has_a_trade_in_its_name() -> None:
    trades = re.compile(r"Motors|Homes|Joinery|Fitness|Tools|Supply|Goods|Shipping|Steel|Energy|Ores|Lines|Trade\b")
    assert not [name for slots in _SLOTS.values() for name in slots.firms if trades.search(name)]


def test_people_and_firms_of_a_jurisdiction_are_different_names() -> None:
    for slots in _SLOTS.values():
        names = [*slots.men, *slots.women, *slots.firms]
        assert len(names) == len(set(names))
