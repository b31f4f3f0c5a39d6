"""Claims: what an incoming sample says of itself that only the service can know.

Who reviewed it, its scores, the batch and provider that made it: from outside these are
claims. They are kept as `imported_…`, beside this service's own findings; citations are
checked again and their verdicts not kept. Two claims have an effect, to be safe: a sample
that was rejected elsewhere is left out of exports until it is reviewed here, and one that
stands on a text whose licence does not allow an export stays out as it did there.
"""

from collections.abc import Collection, Mapping

PREFIX = "imported_"
_JUDGED = ("review", "judge_score", "judgement", "quality_score", "quality_issues", "grounding", "sources")
MADE_ANEW = frozenset({"citation_verdict", "citations"})
# Only the service sets these.
VERDICTS = frozenset(_JUDGED) | MADE_ANEW
FOUND_OUT = VERDICTS | {"batch_id", "provider", "thinking_source"}


def claims_in(values: Mapping[str, object]) -> set[str]:
    """Return the columns of *values* that are claims."""
    return {name for name in FOUND_OUT & values.keys() if values[name] not in (None, "")}


def set_apart(values: Mapping[str, object]) -> dict[str, object]:
    """Return *values* of a sample from outside with its claims renamed to `imported_…`."""
    if not FOUND_OUT & values.keys():
        return dict(values)
    kept = {name: value for name, value in values.items() if name not in FOUND_OUT}
    # An existing value is older: it was a claim when the sample was exported.
    return kept | {f"{PREFIX}{name}": values[name] for name in sorted(claims_in(values) - MADE_ANEW)}


def notes_on(claims: Collection[str]) -> list[str]:
    """Say what was done with the *claims* (names of columns) of a file."""
    return [
        f"column {name}: left out, citations are checked anew"
        if name in MADE_ANEW
        else f"column {name}: kept as {PREFIX}{name}, since this service finds it out itself"
        for name in sorted(claims)
    ]
