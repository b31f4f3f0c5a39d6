"""Sentences of the law, as they are and each with a fault planted: which faults are seen, which sound ones flagged.

Usage: python bench/grounding/planted.py --texts DIR [--count 600] [--seed 7] [--verbose]
A model that is shown a provision mostly repeats its sentences, whole or nearly so; here the labels are certain, since
code made the faults. `claims.py` scores claims in words of their own.
"""

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.claims import Laws
from bench.grounding.texts import Text, read_texts
from services.grounding.claims.judgement import FALSE
from services.grounding.claims.misgrounding import judge

_SENTENCE = re.compile(r"(?<=[.;—:])\s+|\n\s*\n")
_NORM = re.compile(r"\b(?:must|shall|may|is guilty|is liable|is entitled|has the right|commits)\b")
_REFERENCE = re.compile(
    r"\b((?:sub)?(?:section|paragraph|article)s? \(?)(\d{1,3})\b|\b((?:sub)?paragraph \()([a-e])\)", re.I
)
_NUMBER = re.compile(r"(?<![\w(./])\b(\d{1,3})\b(?= (?:days|months|years|weeks|hours|per cent|percent))", re.I)
_EXCEPTIONS = (
    "unless the parties have agreed otherwise in writing",
    "except where the court orders otherwise",
    "unless it would cause hardship to the person",
    "save in cases of emergency",
    "provided that a fee has been paid in advance",
)
_WORDS_OF = {"court": "applicant", "authority": "applicant", "Secretary of State": "local authority", "owner": "buyer"}


def _negated(said: str, _draw: random.Random) -> str | None:
    if found := re.search(r"\b(must|shall|may) not\b", said):
        return said.replace(found[0], found[1], 1)
    found = re.search(r"\b(must|shall|may)\b", said)
    return said.replace(found[0], f"{found[0]} not", 1) if found and not re.search(r"\b[Nn]o\b", said) else None


def _modal(said: str, _draw: random.Random) -> str | None:
    for verb, other in (("must", "may"), ("shall", "may"), ("may", "must")):
        if re.search(rf"\b{verb}\b(?! not)", said):
            return re.sub(rf"\b{verb}\b(?! not)", other, said, count=1)
    return None


def _reference(said: str, _draw: random.Random) -> str | None:
    found = _REFERENCE.search(said)
    if found is None:
        return None
    changed = f"{found[1]}{int(found[2]) + 3}" if found[2] else f"{found[3]}{chr(ord(found[4]) + 2)})"
    return said.replace(found[0], changed, 1)


def _number(said: str, _draw: random.Random) -> str | None:
    found = _NUMBER.search(said)
    return _NUMBER.sub(str(int(found[1]) * 2 + 1), said, count=1) if found else None


def _exception(said: str, draw: random.Random) -> str:
    return f"{said.rstrip('.')}, {draw.choice(_EXCEPTIONS)}."


def _party(said: str, _draw: random.Random) -> str | None:
    for one, other in _WORDS_OF.items():
        if re.search(rf"\b{one}\b", said) and not re.search(rf"\b{other}\b", said):
            return re.sub(rf"\b{one}\b", other, said)
    return None


_FAULTS: dict[str, Callable[[str, random.Random], str | None]] = {
    "negation": _negated,
    "modal": _modal,
    "reference": _reference,
    "number": _number,
    "exception": _exception,
    "party": _party,
}


def _stated(text: Text) -> list[str]:
    pieces = (" ".join(piece.split()).strip(" ;") for piece in _SENTENCE.split(text.text))
    whole = [one for one in pieces if 50 <= len(one) <= 350 and _NORM.search(one) and one.endswith(".")]
    return [re.sub(r"^\(\w+\)\s*|^\d+\.\s*", "", one) for one in whole]


def _claim(text: Text, said: str) -> str:
    said = said[0].lower() + said[1:] if said[1:2].islower() or said[1:2] == " " else said
    where = text.number if re.search("[A-Za-z]", text.number) else f"section {text.number}"
    return f"Under {text.instrument.title}, {where}, {said}"


def main() -> None:
    """Judge the sentences and print the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    draw = random.Random(given.seed)
    texts = read_texts(given.texts)
    provision_of = Laws(texts)
    # Files differ in size by far: each gives as many sentences.
    by_file: dict[str, list[tuple[Text, str]]] = {}
    for text in texts:
        by_file.setdefault(text.file, []).extend((text, said) for said in _stated(text))
    rows = [row for found in by_file.values() for row in draw.sample(found, min(len(found), given.count // 5))]
    made, caught, reasons = Counter[str](), Counter[str](), Counter[str]()
    begun = time.process_time()
    for text, said in rows:
        written = {kind: fault(said, draw) for kind, fault in _FAULTS.items()} | {"sound": said}
        for kind, changed in written.items():
            if not changed:
                continue
            judgement = judge(_claim(text, changed), *provision_of(text.id))
            made[kind] += 1
            is_false = judgement.label in FALSE
            caught[kind] += is_false
            if judgement.failure is not None:
                reasons[f"{kind}: {judgement.failure.reason.value}"] += 1
            if given.verbose and is_false == (kind == "sound"):
                why = judgement.failure.sentence if judgement.failure else ""
                print(f"{kind}: {text.id}: {changed}\n    {why}")
    spent = (time.process_time() - begun) / sum(made.values())
    print(json.dumps(dict(sorted(reasons.items()))))
    print(f"{1000 * spent:.1f} ms of CPU a claim; {len(rows)} sentences")
    print(json.dumps({kind: f"{caught[kind]}/{count}" for kind, count in made.items()}))


if __name__ == "__main__":
    main()
