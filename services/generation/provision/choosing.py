"""Chooses the provision that a sample is about."""

import random
from dataclasses import replace

from services.generation.provision.norms import norms
from services.grounding.ground import Ground, Grounder, Wish
from utils.errors import NoGroundError

# Among so many that answer the topic one with a rule is looked for, and of so many of those one is drawn.
_LOOKED_AT, _BEST = 12, 4


def one_provision(grounder: Grounder, wish: Wish) -> Ground:
    """Return a ground of one provision that holds a rule which can be quoted, drawn by the seed of *wish*.

    Raises:
        NoGroundError: no provision that answers the topic holds one.
    """
    usable = _usable(grounder, wish)[:_BEST]
    if not usable:
        raise NoGroundError(f"grounding: no provision that answers {wish.query[:80]!r} holds a rule that can be quoted")
    return grounder.of_units([random.Random(wish.seed).choice(usable)])


def has_provision(grounder: Grounder, wish: Wish) -> bool:
    """Tell whether documents that answer *wish* hold a rule on it that can be quoted."""
    return bool(_usable(grounder, wish))


def _usable(grounder: Grounder, wish: Wish) -> list[int]:
    found = grounder.ground(replace(wish, most=_LOOKED_AT))
    return [source.unit for source in found.sources if norms(source.text)]
