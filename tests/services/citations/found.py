"""What the tests of citations share: the one citation of a text, and what the ladder says of it."""

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from services.citations.checker import Checked
from services.citations.citation import Citation, Cite
from services.citations.reference import Reference
from tests.fakes import CHECKER

Find = Callable[[str, Reference], Iterator[Cite]]
# What may stand before and behind a citation and is no part of it.
BEFORE = st.sampled_from(["", "it is settled that ", "so much is clear; ", "für wahr, ", "né\u00a0le ", "\n\n", "- "])
BEHIND = st.sampled_from(["", ".", "; so it was held", " and no more", ", or so they say", "\n", " – naïve, perhaps"])


def only(text: str) -> Checked:
    """Return the one citation of *text* with its verdict."""
    found = CHECKER.check(text)
    assert len(found) == 1, [item.citation.text for item in found]
    return found[0]


def outcome(text: str) -> tuple[str, str]:
    """Return verdict and reason code of the one citation of *text*."""
    finding = only(text).finding
    return finding.verdict.value, finding.code


def in_prose(written: str) -> Citation:
    """Return the one citation in a sentence around *written*, all of which it must hold."""
    before, behind = "the point was put thus: ", "; nobody doubts it"
    found = only(f"{before}{written}{behind}").citation
    assert (found.text, found.start, found.end) == (written, len(before), len(before) + len(written))
    return found


def what(citation: Citation) -> tuple[str, str, str]:
    """Return the normalized form, the jurisdiction and the kind."""
    return citation.normalized, citation.jurisdiction, citation.kind


def found_by(find: Find, text: str) -> list[tuple[str, str]]:
    """Return what one family of formats finds in *text*: each stretch with its normalized form."""
    return [(text[cite.start : cite.end], cite.normalized) for cite in find(text, CHECKER.reference)]


def parts_by(find: Find, text: str) -> dict[str, str]:
    """Return the parts of the one citation that a family finds in *text*, without the empty ones."""
    (cite,) = find(text, CHECKER.reference)
    return {name: value for name, value in cite.parts.items() if value}
