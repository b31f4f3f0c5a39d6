"""Scores the misgrounding check on labelled claims, without a model.

Usage: python bench/grounding/claims.py --texts DIR --claims FILE [--verbose]
A row is {"id", "claim", "cited": {"id"}, "label", …}, a provision's id `file|instrument|provision`.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.texts import Text, read_texts, siblings
from services.grounding.claims.judgement import FALSE, Judgement, Label
from services.grounding.claims.law import Law, Rule
from services.grounding.claims.misgrounding import judge

_LABELS = ("wrong_provision", "contradicted", "not_in_law", "misquote")
ProvisionOf = Callable[[str], tuple[str, Law]]


class Laws:
    """The instruments of the texts, each prepared once; for an id it gives the provision's key and its instrument."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self._texts = texts
        self._made: dict[str, Law] = {}

    @cached_property
    def _siblings(self) -> Mapping[str, list[Text]]:
        return siblings(self._texts)

    def __call__(self, provision: str) -> tuple[str, Law]:
        """Return the key of *provision* and its instrument; an empty one where the texts lack it."""
        name = provision.rpartition("|")[0]
        if name not in self._made:
            texts = self._siblings.get(name, [])
            rules = [Rule(text.id, text.text, text.heading, text.number) for text in texts]
            self._made[name] = Law(rules, texts[0].instrument.title if texts else "")
        return provision, self._made[name]


def score_claims(rows: Sequence[Mapping[str, object]], provision_of: ProvisionOf) -> dict[str, float]:
    """Return the shares of false claims that are caught, by label and in all, and of true ones that are flagged.

    Caught is whatever is neither supported nor undecided. A label without rows has no share.
    """
    return _shares([(str(row["label"]), judged(row, provision_of)) for row in rows])


def judged(row: Mapping[str, object], provision_of: ProvisionOf) -> Judgement:
    """Return the judgement of one row."""
    cited = row["cited"]
    if not isinstance(cited, Mapping):
        raise TypeError(f"cited: got {cited!r}, want an object with an id")
    return judge(str(row["claim"]), *provision_of(str(cited["id"])))


def _shares(found: Sequence[tuple[str, Judgement]]) -> dict[str, float]:
    rows, caught = Counter[str](), Counter[str]()
    for label, judgement in found:
        rows[label] += 1
        caught[label] += judgement.label in FALSE
    shares = {label: caught[label] / rows[label] for label in _LABELS if rows[label]}
    false = sum(rows[label] for label in _LABELS)
    if false:
        shares["false_claims"] = sum(caught[label] for label in _LABELS) / false
    if rows[Label.SUPPORTED]:
        shares["supported_flagged"] = caught[Label.SUPPORTED] / rows[Label.SUPPORTED]
    return {name: round(share, 4) for name, share in shares.items()}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--verbose", action="store_true", help="print each row that is judged wrong")
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.claims.read_text(encoding="utf-8").splitlines()]
    provision_of = Laws(read_texts(given.texts))
    found = [(row, judged(row, provision_of)) for row in rows]
    for row, judgement in found:
        if given.verbose and (judgement.label in FALSE) == (row["label"] == "supported"):
            reason = judgement.failure.sentence if judgement.failure else ""
            print(f"{row['id']} {row['label']} judged {judgement.label}: {row['claim']} {reason}")
    started = time.process_time()
    for row in rows:  # once more: the instruments are prepared
        judged(row, provision_of)
    print(f"{1000 * (time.process_time() - started) / len(rows):.2f} ms of CPU a claim")
    print(json.dumps(_shares([(row["label"], judgement) for row, judgement in found])))


if __name__ == "__main__":
    _main()
