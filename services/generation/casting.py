"""Draws the parties of a sample's facts, so that each can be what the facts say of it."""

import random

from services.catalogue.rows import CastRole, SlotValues, Topic


def cast_for(topic: Topic, slots: SlotValues, draw: random.Random) -> dict[str, str]:
    """Return values for the slots of the topic's facts: two different parties that fit their roles, a sum, a place."""
    first = draw.choice(names_for(topic.a, slots))
    others = [name for name in names_for(topic.b, slots) if name != first] or [first]
    return {
        "a": first,
        "b": draw.choice(others),
        "sum": draw.choice(slots.sums),
        "place": draw.choice(slots.places),
    }


def names_for(role: CastRole, slots: SlotValues) -> tuple[str, ...]:
    """Return the names of those who can be a *role*."""
    named = {
        "person": (*slots.women, *slots.men),
        "man": slots.men,
        "woman": slots.women,
        "firm": slots.firms,
    }
    return named[role]
