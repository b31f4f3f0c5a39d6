"""What a sample that comes in says of itself, and only the service can know.

Who reviewed it, what a judge or a check gave it, which batch and provider made it: from
outside these are claims. They are kept as `imported_…`, beside what is found out here;
verdicts on citations are made anew and not kept. One claim counts, since it is the safe way:
a sample that somebody rejected elsewhere is left out of exports until somebody decides here.
"""

from collections.abc import Collection, Mapping

PREFIX = "imported_"
_JUDGED = ("review", "judge_score", "judgement", "quality_score", "quality_issues")
_MADE_ANEW = frozenset({"citation_verdict", "citations"})
# Nobody sets these but the service.
VERDICTS = frozenset(_JUDGED) | _MADE_ANEW
FOUND_OUT = VERDICTS | {"batch_id", "provider"}


def claims_in(values: Mapping[str, object]) -> set[str]:
    """Return which columns of *values* say what only the service can know."""
    return {name for name in FOUND_OUT & values.keys() if values[name] not in (None, "")}


def set_apart(values: Mapping[str, object]) -> dict[str, object]:
    """Return *values* of a sample from outside with its claims under names of their own."""
    if not FOUND_OUT & values.keys():
        return dict(values)
    kept = {name: value for name, value in values.items() if name not in FOUND_OUT}
    # What stands there already is older: it was a claim when the sample was exported.
    return kept | {f"{PREFIX}{name}": values[name] for name in sorted(claims_in(values) - _MADE_ANEW)}


def notes_on(claims: Collection[str]) -> list[str]:
    """Say what became of the *claims* (names of columns) that a file held."""
    return [
        f"column {name}: left out, citations are checked anew"
        if name in _MADE_ANEW
        else f"column {name}: kept as {PREFIX}{name}, since this service finds it out itself"
        for name in sorted(claims)
    ]
