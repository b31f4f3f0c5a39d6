"""Writes the answer that a good model would give: it does what the prompt asks, and nothing else.

It knows only the prompt's text, so a validator that asks for more than the prompt
said will refuse it.
"""

import json
import random
import re
from collections.abc import Mapping

_WHO = "court tribunal judge claimant defendant buyer seller landlord tenant carrier insurer trustee director employer worker agent".split()
_DOES = "weighs tests reads rejects accepts compares applies limits extends questions confirms narrows explains doubts follows".split()
_WHAT = "words conduct promise notice delay payment reliance breach intention warning inspection agreement statement duty risk loss".split()
_HOW = "closely later openly fairly rarely twice again first plainly strictly early lightly wisely freely fully".split()
_WHERE = "market harbour office school garden factory bank theatre station hospital village workshop studio library kitchen".split()
# Of these syllables are the words of varied texts.
_BEGINNINGS = "bal cor den fal gar hol jan kel lor mar nel por ral sol tam val wen".split()
_MIDDLES = "a e i o u an en on ar er or".split()
_ENDS = "bit dan fer gol kin lam mer nor pas ric sen tol vex".split()
_CITATIONS = {
    "uk": [
        "Carlill v Carbolic Smoke Ball Co [1893] 1 QB 256",
        "Fisher v Bell [1961] 1 QB 394",
        "Companies Act 2006, s 172",
    ],
    "us": ["Marbury v. Madison, 5 U.S. 137 (1803)", "17 U.S.C. § 107", "Riley v. California, 573 U.S. 373 (2014)"],
    "eu": ["Case C-131/12 Google Spain EU:C:2014:317", "Regulation (EU) 2016/679, art 6", "Directive 93/13/EEC, art 3"],
    "international": [
        "Rome Statute of the International Criminal Court, art 12",
        "Soering v United Kingdom (1989) 11 EHRR 439",
        "United Nations Convention on the Law of the Sea, art 56",
    ],
}
_PLACES = {"United Kingdom": "uk", "United States": "us", "European Union": "eu", "International": "international"}
NO_VERDICTS: Mapping[str, Mapping[str, str]] = {}
_POINTS = ("legal_correctness", "grounding", "reasoning", "clarity", "difficulty_fit")


def write_sample(prompt: str, number: int = 1, is_varied: bool = False) -> dict[str, str]:
    """Return the fields of a sample for *prompt*; *number* makes it differ from others.

    Samples resemble one another (a quarter of the shingles of any two is the same) unless they are varied.
    """
    words = re.search(r"The answer has (?:at least )?(\d+)", prompt)
    steps = re.search(r"The reasoning has (\d+)", prompt)
    count = re.search(r"Cite at least (\d+)", prompt)
    chars = re.search(r"It has at least (\d+) characters", prompt)
    place = next(code for name, code in _PLACES.items() if f"field: {name} (" in prompt)
    assert words
    assert steps
    assert count
    assert chars
    cites = _CITATIONS[place][: int(count.group(1))]
    headings = re.findall(r"^  - ([A-Z][A-Z0-9' ]+): ", prompt, re.MULTILINE)
    draw = random.Random(f"{number} {prompt}")
    body = " ".join([f"See {'; '.join(cites)}.", *_sentences(int(words.group(1)), draw, is_varied)])
    answer = body
    if headings:
        share = len(body) // len(headings)
        pieces = [
            body[n * share :] if n == len(headings) - 1 else body[n * share : (n + 1) * share]
            for n in range(len(headings))
        ]
        answer = "\n\n".join(f"{heading}: {piece}" for heading, piece in zip(headings, pieces, strict=True))
    least = int(chars.group(1)) // int(steps.group(1)) + 1
    reasoning = "\n".join(
        f"Step {n}: principle {n} → {_text(max(60, least), draw, is_varied)} → interim conclusion"
        for n in range(1, int(steps.group(1)) + 1)
    )
    return {
        "question": f"How does the law decide case number {number}?",
        "answer": answer,
        "topic": "whatever the model says",
        "difficulty": "basic",
        "case_citation": "; ".join(cites),
        "reasoning": reasoning,
        "sample_type": "case_analysis",
    }


def write_json(prompt: str, number: int = 1, is_varied: bool = False) -> str:
    """Return `write_sample` as the text a model sends, a judgement to who asks for one, else a few words."""
    if is_judging(prompt):
        return write_judgement(prompt)
    if "The reasoning has" not in prompt:
        return "OK, that is understood."
    return json.dumps(write_sample(prompt, number, is_varied), ensure_ascii=False)


def is_judging(prompt: str) -> bool:
    """Tell whether a judge is asked."""
    return all(point in prompt for point in _POINTS)


def claims_in(prompt: str) -> list[dict[str, str]]:
    """Return the claims that a judge is asked about: id, claim, and the texts that it rests on."""
    lines = [line for line in prompt.splitlines() if line.startswith('{"wanted"')]
    material = json.loads(lines[0]) if lines else {}
    texts = {one["provision"]: one["text"] for one in material.get("provisions", ())}
    return [
        {"id": one["id"], "claim": one["claim"], "text": "\n".join(texts[mark] for mark in one["provisions"])}
        for one in material.get("claims", ())
    ]


def write_judgement(prompt: str, value: int = 4, verdicts: Mapping[str, Mapping[str, str]] = NO_VERDICTS) -> str:
    """Return what a judge answers that gives *value* for each point.

    *verdicts* are its verdicts on claims, each by words of the claim; it takes all others for supported.
    """
    token = re.findall(r'"token": "([0-9a-f]+)"', prompt)[-1:]
    said: dict[str, object] = {point: {"score": value, "reason": "so it is"} for point in _POINTS}
    claims = claims_in(prompt)
    if claims:
        fair = {"verdict": "supported", "reason": "", "words": "", "why": ""}
        said["claims"] = [
            {"id": one["id"], **fair, **next((given for words, given in verdicts.items() if words in one["claim"]), {})}
            for one in claims
        ]
    return json.dumps({"token": "".join(token), **said})


def _sentences(words: int, draw: random.Random, is_varied: bool) -> list[str]:
    made = [_sentence(draw, is_varied)]
    while sum(len(sentence.split()) for sentence in made) < words:
        made.append(_sentence(draw, is_varied))
    return made


def _text(chars: int, draw: random.Random, is_varied: bool) -> str:
    text = _sentence(draw, is_varied)
    while len(text) < chars:
        text += f" {_sentence(draw, is_varied)}"
    return text


def _sentence(draw: random.Random, is_varied: bool) -> str:
    who, other = draw.sample(_WHO, 2)
    where, when = draw.choice(_WHERE), draw.randrange(100, 10_000)
    if is_varied:
        one, two, three, four = (draw.choice(_BEGINNINGS) + draw.choice(_MIDDLES) + draw.choice(_ENDS) for _ in "1234")
        return (
            f"The {one} {who} {draw.choice(_HOW)} {two} {draw.choice(_DOES)} the {three} {draw.choice(_WHAT)} in {four}"
            f" {where}, and lot {when} {draw.choice(_DOES)} it."
        )
    return (
        f"The {who} {draw.choice(_HOW)} {draw.choice(_DOES)} the {draw.choice(_WHAT)} of the {other} in the {where},"
        f" and the {draw.choice(_WHAT)} of lot {when} {draw.choice(_DOES)} it {draw.choice(_HOW)}."
    )
