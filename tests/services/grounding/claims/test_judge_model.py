"""The judging model: what it is shown of the claims of a draft, and what is made of its verdicts on them."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.grounding.claims.judge_model import SCHEMA, Verdict, check, judged_claims, material, rulings
from services.grounding.claims.judgement import Failure, Judgement, Label, Reason
from services.grounding.claims.law import Law, Rule
from services.grounding.claims.question import Passage, Question, chosen, question_of
from utils.errors import AnswerFormatError

LOANS = Rule("2", "2.1\n\nA reader may borrow six books.\n\n2.2\n\nNo fee is charged.", "Loans", "s. 2")
FINES = Rule("3", "Who keeps a book too long pays 10p a day.", "Fines", "s. 3")
LAW = Law([LOANS, FINES], "Libraries Act 2031")
FOUND = Judgement(Label.SUPPORTED, 0.8, 5, 36)


def question(claim: str = "A reader may borrow ten books.", found: Judgement = FOUND, *keys: str) -> Question:
    made = question_of(claim, keys or ("2",), LAW, found)
    assert made is not None
    return made


def verdict(asked: Question, **fields: str) -> Verdict:
    return Verdict.model_validate({"id": asked.id, "verdict": "contradicted", **fields})


def failing(reason: Reason, sure: bool | None = None) -> Judgement:
    return Judgement(Label.CONTRADICTED, 0.5, 5, 36, Failure(Label.CONTRADICTED, reason, "so", sure=sure))


# --- what is asked ---------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [one for one in Reason if one not in (Reason.QUOTATION, Reason.WRONG_SECTION)])
@pytest.mark.parametrize("sure", [True, False, None])
def test_a_finding_of_meaning_is_a_question_however_sure_the_rules_are(reason: Reason, sure: bool | None) -> None:
    assert question(found=failing(reason, sure)).is_doubted


@pytest.mark.parametrize("reason", [Reason.QUOTATION, Reason.WRONG_SECTION])
def test_a_wrong_quotation_and_a_section_that_is_surely_wrong_are_facts(reason: Reason) -> None:
    assert question_of("It sings.", ["2"], LAW, failing(reason)) is None


def test_a_section_that_the_rules_only_doubt_is_a_question() -> None:
    assert question(found=failing(Reason.WRONG_SECTION, sure=False)).is_doubted


def test_what_the_rules_found_supported_or_could_not_decide_is_asked_too() -> None:
    assert not question().is_doubted
    assert not question(found=Judgement(Label.UNDECIDED, 0.0)).is_doubted


def test_nothing_is_asked_of_a_provision_that_is_not_here() -> None:
    assert question_of("It sings.", ["9"], LAW, FOUND) is None


def test_a_question_is_named_by_claim_and_texts() -> None:
    assert question().id == question(found=failing(Reason.NUMBER)).id
    assert len({question().id, question("Another.").id, question("A reader may borrow ten books.", FOUND, "3").id}) == 3


def test_of_too_many_claims_the_doubted_ones_are_asked_each_once_in_their_order() -> None:
    plain = [question(f"Claim {number}.") for number in range(20)]
    doubted = [question(f"Doubt {number}.", failing(Reason.MODAL)) for number in range(5)]

    asked = chosen([*plain, *doubted, *plain])

    assert [one.claim for one in asked] == [f"Claim {n}." for n in range(7)] + [f"Doubt {n}." for n in range(5)]


# --- what is shown ---------------------------------------------------------------------------


def test_claims_are_shown_with_the_provisions_that_they_rest_on_and_each_text_once() -> None:
    both = question("No fee is charged, but 10p a day.", FOUND, "2", "3")

    shown = material([question(), both])

    assert shown["provisions"] == [
        {"provision": "P1", "named": "Libraries Act 2031, s. 2 (Loans)", "text": LOANS.text},
        {"provision": "P2", "named": "Libraries Act 2031, s. 3 (Fines)", "text": FINES.text},
    ]
    assert shown["claims"] == [
        {"id": question().id, "claim": "A reader may borrow ten books.", "provisions": ["P1"]},
        {"id": both.id, "claim": both.claim, "provisions": ["P1", "P2"]},
    ]


def test_nothing_is_shown_where_nothing_is_asked() -> None:
    assert material([]) == {}


@given(gaps=st.lists(st.integers(0, 30_000), min_size=2, max_size=6))
def test_a_long_provision_is_cut_around_the_words_by_which_the_rules_judged(gaps: list[int]) -> None:
    text = "HERE".join("x" * gap for gap in gaps)
    places = [(here.start(), here.end()) for here in re.finditer("HERE", text)]
    law = Law([Rule("1", text)])
    asked = [
        question_of(f"Claim {n}.", ["1"], law, Judgement(Label.SUPPORTED, 1.0, *one)) for n, one in enumerate(places)
    ]

    shown = json.loads(json.dumps(material([one for one in asked if one is not None])))
    cut = shown["provisions"][0]["text"]

    assert len(shown["provisions"]) == 1
    assert cut.count("HERE") == len(places)
    assert all(part.strip() in text for part in cut.split("[…]"))
    assert len(cut) <= 24_000 + 6 * 5
    assert ("[…]" in cut) == (len(text) > 24_000)


def test_provisions_of_one_sample_share_the_room() -> None:
    asked = [Question(str(n), (Passage("", f"{n}" * 30_000),), is_doubted=False) for n in range(4)]

    assert len(json.dumps(material(asked))) < 26_000


# --- what comes back -------------------------------------------------------------------------


def test_a_contradiction_names_its_reason_the_words_that_decide_and_who_judged() -> None:
    asked = question()
    said = verdict(asked, reason="number", words="borrow six books", why="Six, not ten.")

    failure = rulings([said], [asked], "groq/m")[asked.id].failure

    assert failure is not None
    assert (failure.label, failure.reason, failure.is_sure) == (Label.CONTRADICTED, Reason.NUMBER, True)
    assert failure.sentence == 'Six, not ten; the provision says "borrow six books" (judge groq/m)'


def test_words_that_do_not_stand_in_the_provision_are_not_told() -> None:
    asked = question()
    said = verdict(asked, reason="number", words="borrow nine books", why="Nine.")

    failure = rulings([said], [asked], "groq/m")[asked.id].failure

    assert failure is not None
    assert failure.sentence == "Nine (judge groq/m)"
    assert judged_claims([said], [asked])[0]["words"] == ""


def test_a_claim_that_is_supported_has_no_failure_and_an_undecided_one_no_ruling() -> None:
    asked, other = question(), question("Another.")
    said = [verdict(asked, verdict="supported"), verdict(other, verdict="undecided")]

    assert rulings(said, [asked, other], "groq/m") == {asked.id: Judgement(Label.SUPPORTED, 1.0)}


def test_a_verdict_on_what_nobody_asked_is_no_ruling() -> None:
    assert rulings([Verdict(id="00000000", verdict="contradicted")], [question()], "groq/m") == {}


@pytest.mark.parametrize(
    ("said", "reason"),
    [("contradicted", Reason.CONDITION), ("not_in_law", Reason.NOT_IN_TEXT), ("wrong_provision", Reason.WRONG_SECTION)],
)
def test_a_verdict_without_one_of_our_reasons_gets_its_own(said: str, reason: Reason) -> None:
    asked = question()

    failure = rulings([verdict(asked, verdict=said, reason="vibes")], [asked], "groq/m")[asked.id].failure

    assert failure is not None
    assert (failure.reason, failure.sentence) == (reason, f"the claim is {said} (judge groq/m)")


def test_what_is_stored_says_claim_provisions_and_verdict() -> None:
    asked = question()
    said = verdict(asked, reason="number", words="six books", why="Six, not ten.")

    assert judged_claims([said], [asked, question("Another.")]) == [
        {
            "claim": "A reader may borrow ten books.",
            "provisions": ["Libraries Act 2031, s. 2 (Loans)"],
            "verdict": "contradicted",
            "reason": "number",
            "words": "six books",
            "why": "Six, not ten.",
        }
    ]


def test_an_answer_without_one_verdict_on_each_claim_is_refused() -> None:
    asked, other = question(), question("Another.")

    check([verdict(asked), verdict(other), Verdict(id="more", verdict="supported")], [asked, other])
    with pytest.raises(AnswerFormatError, match="no verdict on 1 of 2 claims"):
        check([verdict(asked)], [asked, other])
    with pytest.raises(AnswerFormatError, match="two verdicts on one claim"):
        check([verdict(asked), verdict(asked, verdict="supported")], [asked])


def test_an_unknown_verdict_is_none() -> None:
    with pytest.raises(ValidationError):
        verdict(question(), verdict="fine")


def test_the_schema_asks_for_every_field() -> None:
    items = SCHEMA["items"]

    assert isinstance(items, dict)
    assert items["required"] == list(items["properties"]) == list(Verdict.model_fields)
