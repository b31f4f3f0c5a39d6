"""A claim of which too little stands in the provision: another has it, or none."""

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.judgement import Failure, Label, Reason

# By how much another provision must say more of the claim than the one that is named.
WRONG_SECTION = 0.12
# By so much or more it leads for no sound claim of our rows (docs/adr/0031-misgrounding.md).
_SURELY = 0.25
# What says less of a claim is no provision that it was taken from.
_SAYS_IT = 0.6
# A claim of fewer words says too little for that.
_WORDS = 4
# A claim is not in the provision if its share there, less the lead of the best other provision, is below this.
NOT_IN_TEXT = 0.4
# That no other provision comes near counts for so much at the most.
_FAR = -0.1


def find_other(claim: Claim, cited: Support, other: Support | None) -> Failure | None:
    """Return the failure of a claim that another provision of the instrument says clearly better."""
    if other is None or other.score - cited.score < WRONG_SECTION or not claim.weights:
        return None
    sentence = f"the provision does not say this; {other.rule.shown} comes nearer to it"
    return Failure(
        Label.WRONG_PROVISION,
        Reason.WRONG_SECTION,
        sentence,
        provision=other.rule.key,
        sure=_is_sure(claim, cited, other),
    )


def _is_sure(claim: Claim, cited: Support, other: Support) -> bool:
    lead = other.score - cited.score
    return lead >= _SURELY and other.score >= _SAYS_IT and len(claim.weights) >= _WORDS


def find(claim: Claim, cited: Support, other: Support | None) -> Failure | None:
    """Return the failure of a claim of which too little stands in the provision."""
    lead = other.score - cited.score if other else 0.0
    if not claim.weights or cited.whole - max(lead, _FAR) >= NOT_IN_TEXT:
        return None
    missing = sorted(
        {token.word for token in claim.tokens if token.root in claim.weights and token.root not in cited.rule.roots}
    )
    sentence = f"the provision says nothing of: {', '.join(missing[:8])}"
    return Failure(Label.NOT_IN_LAW, Reason.NOT_IN_TEXT, sentence)
