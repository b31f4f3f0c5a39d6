"""A word of the claim in whose place the provision has its opposite."""

import re

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.judgement import Failure, Label, Reason

# Opposites that decide a rule; a word in brackets is a pattern of more than one form.
_PAIRS = (
    ("together with", "separate(?:ly)? from"),
    ("jointly", "separately"),
    ("increas(?:e|es|ed|ing)", "(?:reduc|decreas)(?:e|es|ed|ing|tion)"),
    ("includ(?:e|es|ed|ing)", "exclud(?:e|es|ed|ing)"),
    ("(?:oral|orally|verbal|verbally)", "(?:written|in writing)"),
    ("maximum", "minimum"),
    ("at most", "at least"),
    ("(?:not|no) more than", "(?:not|no) (?:less|fewer) than"),
    ("(?:compulsory|mandatory)", "(?:voluntary|optional)"),
    ("permanent(?:ly)?", "temporar(?:y|ily)"),
    ("civil", "criminal"),
    ("domestic", "foreign"),
    ("(?:unanimous(?:ly)?|unanimity)", "(?:simple majority|qualified majority|majority)"),
    ("two-thirds", "simple majority"),
    ("affirmative", "negative"),
    ("exclusive", "non-?exclusive"),
    ("direct(?:ly)?", "indirect(?:ly)?"),
    ("internal", "external"),
    ("public(?:ly)?", "(?:private(?:ly)?|in camera|confidential(?:ly)?)"),
    ("import(?:s|ed|ing|ation)?", "export(?:s|ed|ing|ation)?"),
    ("irrevocabl[ey]", "revocabl[ey]"),
    ("individual(?:ly)?", "collective(?:ly)?"),
    ("same", "different"),
    ("(?:earlier of|whichever (?:\\w+ )?(?:first|earlier))", "(?:later of|whichever (?:\\w+ )?(?:last|later))"),
    ("(?:first|earliest)", "(?:last|latest)"),
    ("higher", "lower"),
    ("lawful(?:ly)?", "unlawful(?:ly)?"),
    ("combatants?", "civilians?"),
    ("plaintiffs?", "defendants?"),
    ("conclusive", "rebuttable"),
    ("(?:less|worse)", "(?:at least as|(?:no|not) less)"),
    (
        "(?:alone|unilateral(?:ly)?|on (?:its|his|her|their) own)",
        "(?:by (?:mutual |common )?agreement|jointly|in (?:cooperation|agreement|concert) with|acting together)",
    ),
)
_OPPOSITES = tuple(
    (re.compile(rf"\b{one}\b", re.IGNORECASE), re.compile(rf"\b{other}\b", re.IGNORECASE))
    for pair in _PAIRS
    for one, other in (pair, pair[::-1])
)


def find(claim: Claim, cited: Support) -> Failure | None:
    """Return the word of *claim* of which the provision has only the opposite."""
    if not cited.segments:
        return None
    segment = cited.segments[0]
    for mine, theirs in _OPPOSITES:
        said, held = mine.search(claim.text), theirs.search(segment.full)
        if not said or not held or theirs.search(claim.text) or mine.search(cited.rule.text):
            continue
        sentence = f'the claim says "{said[0]}", the provision "{held[0]}"'
        return Failure(Label.CONTRADICTED, Reason.CONDITION, sentence, segment.start, segment.end)
    return None
