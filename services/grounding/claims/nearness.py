"""How near the meaning of a claim comes to its provision, where an embedder is at hand. Optional: rules decide without.

A claim whose words are all in the provision may still be about something else in part; sentence vectors tell that of
claims that are in no text, not of those that contradict it.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.judgement import Failure, Label, Reason

# So many pieces of the provision, those that share most words with the claim, are looked at.
_PIECES = 8
_MAX_CHARS = 700


class Embedder(Protocol):
    """What makes vectors of sentences."""

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return one row of unit length for each of *texts*."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """An embedder, and from which cosine on its vectors count a claim as spoken of: each embedder has its own.

    Attributes:
        floor: 0.45 for all-MiniLM-L6-v2.
    """

    embedder: Embedder
    floor: float

    def find(self, claim: Claim, cited: Support) -> Failure | None:
        """Return the failure of a claim that no piece of the provision comes near to."""
        said = " ".join(claim.text.split())
        order = sorted(cited.rule.segments, key=lambda segment: -claim.share(segment.roots))[:_PIECES]
        if not said or not order:
            return None
        rows = self.embedder.embed([said, *(" ".join(segment.full.split())[:_MAX_CHARS] for segment in order)])
        nearest = float((rows[1:] @ rows[0]).max())
        if nearest >= self.floor:
            return None
        sentence = f"no sentence of the provision comes near to the claim (likeness {nearest:.2f})"
        return Failure(Label.NOT_IN_LAW, Reason.NOT_IN_TEXT, sentence)
