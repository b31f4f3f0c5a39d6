"""Judges a claim of the law by the provision that it names, without a model.

In turn: do its quotations stand there; does another provision of the instrument say it clearly better; do numbers,
modals, conditions or parties differ, is one denied; is too little of it in the text.
"""

from collections.abc import Callable, Sequence

from services.grounding.claims.alignment import Claim, Support, best_other, read_claim, support
from services.grounding.claims.copying import repeated, stands_whole
from services.grounding.claims.judgement import FALSE, Failure, Judgement, Label, Reason
from services.grounding.claims.law import RUN, Law, Rule
from services.grounding.claims.nearness import Nearness
from services.grounding.claims.quotations import Proof, find_quotations, prove, spans_in
from services.grounding.claims.rules import absent, conditions, copies, figures, opposites, parties, polarity, verbs
from services.grounding.claims.words import roots

Rules = Callable[[Claim, Support], Failure | None]
_RULES: tuple[Rules, ...] = (
    figures.find,
    conditions.find,
    parties.find,
    opposites.find,
)
# Rules that look at words beside each other need a sentence that says so much of the claim.
_ALIGNED = 0.4
_ALIGNED_RULES: tuple[Rules, ...] = (figures.find, polarity.find, verbs.find)
# A claim that says less than this share of its words beside its quotations is judged by them alone.
_BESIDE = 0.5
# A claim of which so much stands in its provision in runs of words repeats it.
_REPEATED = 0.6
# Where else a quotation may stand is looked for in provisions that have most of its words.
_LIKELY = 0.8


def judge_any(text: str, keys: Sequence[str], law: Law, nearness: Nearness | None = None) -> Judgement:
    """Return what is found out about a claim that names several provisions, of which it may rest on any.

    A provision that *law* does not have decides nothing.
    """
    known = [judge(text, key, law, nearness) for key in keys if key in law.rules]
    known.sort(key=lambda judgement: (judgement.label in FALSE, -judgement.support))
    return known[0] if known else Judgement(Label.UNDECIDED, 0.0)


def judge(text: str, key: str, law: Law, nearness: Nearness | None = None) -> Judgement:
    """Return what is found out about a claim that names the provision *key* of *law*.

    Args:
        text: A sentence with its citation, as `claims.claims` gives it.
        key: The provision's, in *law*.
        law: The instrument, which may be kept for many claims.
        nearness: Looks at the meaning where the rules find nothing.
    """
    rule = law.rules.get(key)
    if rule is None:
        return Judgement(Label.UNDECIDED, 0.0)
    claim = read_claim(text, law)
    cited = support(claim, rule)
    proofs = [prove(quotation, rule.text) for quotation in find_quotations(text) if quotation.must_be_proved]
    failure = _misquoted(proofs, rule, law)
    if failure is None and not _is_quoted(claim, proofs):
        failure = _misstated(claim, cited, law, nearness, is_quoting=bool(proofs))
    if failure is not None:
        return Judgement(failure.label, cited.score, failure.start, failure.end, failure)
    if proofs:
        spans = proofs[0].spans or ((0, 0),)
        return Judgement(Label.SUPPORTED, cited.score, spans[0][0], spans[-1][1])
    if not cited.segments:
        return Judgement(Label.UNDECIDED, cited.score)
    return Judgement(Label.SUPPORTED, cited.score, cited.segments[0].start, cited.segments[0].end)


def _misstated(
    claim: Claim, cited: Support, law: Law, nearness: Nearness | None, *, is_quoting: bool
) -> Failure | None:
    """Return why what *claim* says in its own words, or repeats without quotation marks, does not stand."""
    if stands_whole(claim, cited.rule):
        return None
    copy = repeated(claim, cited)
    if copy is not None and copy.is_whole:
        return None
    if copy is not None and (changed := copies.find(copy, cited)) is not None:
        return changed
    other = None if is_quoting or _repeats(claim, cited.rule) else best_other(claim, law, cited.rule.key)
    failure = absent.find_other(claim, cited, other) or _first(claim, cited) or absent.find(claim, cited, other)
    return nearness.find(claim, cited) if failure is None and nearness is not None and not is_quoting else failure


def _first(claim: Claim, cited: Support) -> Failure | None:
    rules = (*(_ALIGNED_RULES if cited.local >= _ALIGNED else ()), *_RULES)
    return next((failure for failure in (rule(claim, cited) for rule in rules) if failure), None)


def _is_quoted(claim: Claim, proofs: Sequence[Proof]) -> bool:
    """Tell whether proved quotations hold most of what *claim* says."""
    quoted = {root for proof in proofs for root in roots(proof.quotation.text)}
    return bool(proofs) and claim.share(claim.weights.keys() - quoted) < _BESIDE


def _repeats(claim: Claim, rule: Rule) -> bool:
    """Tell whether most of *claim* stands in *rule* in its own words, without quotation marks.

    Then no other provision says it better, however alike provisions of one instrument are ("must be commenced within
    30 days"). Words that were changed break the runs.
    """
    words = [token.word for token in claim.tokens]
    runs = rule.runs
    held = {
        place + offset
        for place in range(len(words) - RUN + 1)
        if tuple(words[place : place + RUN]) in runs
        for offset in range(RUN)
    }
    return bool(words) and len(held) >= _REPEATED * len(words)


def _misquoted(proofs: Sequence[Proof], rule: Rule, law: Law) -> Failure | None:
    """Return the failure of the first quotation that does not stand in *rule*: it may stand in another."""
    for proof in proofs:
        if proof.is_proved or spans_in(proof.quotation.text, rule.heading):
            continue
        other = _elsewhere(proof.quotation.text, rule, law)
        if other is not None:
            sentence = f'the quotation "{proof.quotation.text[:160]}" stands in {other.shown}, not here'
            return Failure(Label.WRONG_PROVISION, Reason.WRONG_SECTION, sentence, provision=other.key)
        return Failure(Label.MISQUOTE, Reason.QUOTATION, proof.sentence, *proof.nearest_span)
    return None


def _elsewhere(quoted: str, rule: Rule, law: Law) -> Rule | None:
    wanted = roots(quoted)
    likely = (
        other
        for other in law.rules.values()
        if other.key != rule.key and len(wanted & other.roots) >= _LIKELY * len(wanted)
    )
    return next((other for other in likely if spans_in(quoted, other.text)), None)
