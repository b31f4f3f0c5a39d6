"""Rules over the fused scores: what the question cites comes first, what it names comes before what it does not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from services.grounding.retrieval.legs import Place

# What a provision gains where the question names its instrument without a number ("under the GDPR, may I ..."): as
# much as lies between a fair candidate and a good one.
NAMED_INSTRUMENT = 0.15


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provision under consideration.

    Attributes:
        provision: Its id; None for a chunk that belongs to none.
        chunk: Its best chunk.
        cosine: How near its meaning is; None where there are no vectors.
        share: The share of the question's words that it covers, 0 to 1.
        fused: Cosine and share together, before calibration; rules move it.
        cited: Its place among what the question cites, from 0; None where it does not.
    """

    provision: int | None
    chunk: int
    cosine: float | None
    share: float
    fused: float
    cited: int | None = None


def ordered(
    candidates: Sequence[Candidate], places: Mapping[int, Place], instruments: Collection[int]
) -> list[Candidate]:
    """Return *candidates* best first.

    *places* tells where each one's chunk belongs; those without one are gone and left out. *instruments* are those that
    the question names.
    """
    known = [candidate for candidate in candidates if candidate.chunk in places]
    moved = [
        replace(candidate, fused=candidate.fused + NAMED_INSTRUMENT)
        if places[candidate.chunk].instrument in instruments
        else candidate
        for candidate in known
    ]
    return sorted(moved, key=_rank)


def _rank(candidate: Candidate) -> tuple[bool, int, float, int]:
    return (candidate.cited is None, candidate.cited or 0, -candidate.fused, candidate.chunk)
