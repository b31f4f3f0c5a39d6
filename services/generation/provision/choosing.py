"""Chooses the provision that a sample is about."""

import random
from dataclasses import replace

from services.generation.provision.norms import norms
from services.grounding.ground import Ground, Grounder, Wish
from utils.errors import QualityError

# Among so many that answer the topic one with a rule is looked for, and of so many of those one is drawn.
_LOOKED_AT, _BEST = 12, 4


def one_provision(grounder: Grounder, wish: Wish) -> Ground:
    """Return a ground of one provision that holds a rule which can be quoted, drawn by the seed of *wish*.

    Raises:
        QualityError: no provision that answers the topic holds one.
    """
    found = grounder.ground(replace(wish, most=_LOOKED_AT))
    usable = [source.unit for source in found.sources if norms(source.text)][:_BEST]
    if not usable:
        raise QualityError(
            f"grounding: no provision that answers {wish.query[:80]!r} holds a rule that can be quoted",
            field="grounding",
        )
    return grounder.of_units([random.Random(wish.seed).choice(usable)])
