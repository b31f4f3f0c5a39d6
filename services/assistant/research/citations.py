"""Answers whether citations are right: by the check that samples pass."""

import re

from services.assistant.agents.talk import Talk
from services.citations.checker import Checked, CitationChecker

_MEANING = {
    "verified": "is in the index as cited",
    "unverified": "cannot be confirmed from the index",
    "invalid": "is wrong",
}

# What a question begins with, and a case's name may seem to.
_ASKING = re.compile(r"^(?:is|are|was|were|does|did|has|check|verify|whether|if)\s+", re.I)


def check(talk: Talk, checker: CitationChecker) -> bool:
    """Answer with the verdict on every citation of the query; False where it holds none."""
    found = checker.check(talk.wanted.query)
    if not found:
        return False
    talk.say("\n".join(_line(one) for one in found))
    for one in found:
        cite(talk, one)
    return True


def cite(talk: Talk, one: Checked) -> None:
    """Name an authority with its verdict."""
    told = one.to_dict()
    matched = told["matched"]
    talk.cite(
        {
            "kind": "authority",
            "marker": "",
            "citation": _ASKING.sub("", told["text"]),
            "title": str(matched.get("name", "")) if isinstance(matched, dict) else str(matched or ""),
            "file_id": None,
            "page": None,
            "quote": "",
            "proved": told["verdict"] == "verified",
            "verdict": f"{told['verdict']}: {told['reason_code']}",
            "url": "",
        }
    )


def _line(one: Checked) -> str:
    told = one.to_dict()
    return f"{_ASKING.sub('', told['text'])} {_MEANING[told['verdict']]}: {told['reason']}."
