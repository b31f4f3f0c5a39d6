"""A number, an amount, a time limit or an age that differs from that of the provision, or is not in it."""

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.judgement import Failure, Label, Reason
from services.grounding.claims.numbers import quantities
from services.grounding.claims.quantity import Bound, Measure, Quantity, alike, same
from services.grounding.claims.segments import Segment
from services.grounding.claims.subject import said

# By how much another piece must say more of the claim before the number in it counts for that of the claim.
_CLEARLY = 0.15
_TIMES = (Measure.DAYS, Measure.MONTHS, Measure.DATE)


def find(claim: Claim, cited: Support) -> Failure | None:
    """Return the first quantity of *claim* that the provision contradicts or does not have."""
    if not claim.quantities:
        return None
    pieces = [(segment, quantities(said(segment.full)), claim.share(segment.roots)) for segment in cited.rule.segments]
    for quantity in claim.quantities:
        failure = _against(quantity, pieces)
        if failure:
            return failure
    return None


def _against(quantity: Quantity, pieces: list[tuple[Segment, list[Quantity], float]]) -> Failure | None:
    holding = max((share for _, found, share in pieces if any(same(quantity, other) for other in found)), default=-1.0)
    rivals = [
        (share, segment, other)
        for segment, found, share in pieces
        for other in found
        if alike(quantity, other) and not any(same(quantity, each) for each in found)
    ]
    share, segment, other = max(rivals, key=lambda rival: rival[0], default=(-1.0, None, None))
    if holding >= 0 and (share < holding + _CLEARLY or quantity.measure is Measure.COUNT):
        return _turned(quantity, pieces)
    reason = Reason.TIME_LIMIT if quantity.measure in _TIMES else Reason.NUMBER
    if segment is not None and other is not None:
        sentence = f'the provision says "{other.text.strip()}", the claim "{quantity.text.strip()}"'
        return Failure(Label.CONTRADICTED, reason, sentence, segment.start, segment.end)
    if quantity.measure in (Measure.COUNT, Measure.FREQUENCY):
        return None  # a reader may have counted the items of a list
    return Failure(Label.NOT_IN_LAW, reason, f'the provision has no "{quantity.text.strip()}"')


def _turned(quantity: Quantity, pieces: list[tuple[Segment, list[Quantity], float]]) -> Failure | None:
    """Tell "at least" for "at most"."""
    if quantity.bound is Bound.NONE or quantity.measure is Measure.COUNT:
        return None
    held = [(segment, other) for segment, found, _ in pieces for other in found if same(quantity, other)]
    if any(other.bound in (quantity.bound, Bound.NONE) for _, other in held):
        return None
    segment, other = held[0]
    sentence = f'the provision says {other.bound} "{other.text.strip()}", the claim {quantity.bound}'
    return Failure(Label.CONTRADICTED, Reason.NUMBER, sentence, segment.start, segment.end)
