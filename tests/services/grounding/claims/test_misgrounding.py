"""The misgrounding check on an Act made up for it: each way to be wrong, and claims that are right in other words."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from services.grounding.claims.judgement import Label, Reason
from services.grounding.claims.law import Law, Rule
from services.grounding.claims.misgrounding import judge, judge_any
from services.grounding.claims.nearness import Nearness
from tests.services.grounding.claims.acts import SECTIONS, lending_libraries_act

ACT = lending_libraries_act()


@pytest.mark.parametrize(
    ("section", "claim"),
    [
        pytest.param("1", "{P} gives the keeper four weeks from the opening of a library to register it.", id="weeks"),
        pytest.param(
            "1", "Registration may be denied to a keeper who is younger than eighteen ({P}).", id="age in words"
        ),
        pytest.param(
            "1", "Under {P} a keeper who does not register faces a fine of up to £5,000.", id="fine for penalty"
        ),
        pytest.param(
            "2", "A reader can take out as many as six books for 21 days ({P}).", id="21 days are three weeks"
        ),
        pytest.param(
            "2", "{P} forbids the keeper to charge for a loan unless the book comes back late.", id="unless kept"
        ),
        pytest.param(
            "2", "{P} permits the loan of a rare book only where its owner agrees in writing.", id="only where"
        ),
        pytest.param("3", "The keeper's consent is not needed for an inspection ({P}).", id="without, in other words"),
        pytest.param("3", "Under {P} the keeper receives a written report from the inspector.", id="other subject"),
        pytest.param(
            "4", "{P} lets the court close a library if at least two of the conditions are met.", id="two or more"
        ),
        pytest.param("4", "A closure order ends after three months ({P}).", id="a quarter of a year"),
        pytest.param("4", "{P} bans identifying readers by their fingerprints.", id="bans for is prohibited"),
        pytest.param("4", "A travelling library falls outside {P}.", id="falls outside"),
        pytest.param(
            "5", "Each year, by 31 March, the keeper sends the Registrar a return of all loans ({P}).", id="yearly"
        ),
        pytest.param("5", "{P} asks that three-fifths of the loans be of books by living authors.", id="three-fifths"),
        pytest.param("6", "A reader who damages a book has to replace it at his own cost ({P}).", id="own expense"),
    ],
)
def test_a_claim_that_says_the_rule_in_other_words_is_supported(section: str, claim: str) -> None:
    judgement = judge(_cited(claim, section), section, ACT)

    assert judgement.label is Label.SUPPORTED, judgement.failure
    assert judgement.end > judgement.start


@pytest.mark.parametrize(
    ("section", "claim", "label", "reason"),
    [
        pytest.param(
            "1",
            "{P} gives the keeper 14 days from the opening of a library to register it.",
            "contradicted",
            "time_limit",
            id="days",
        ),
        pytest.param(
            "1",
            "{P} lets the Registrar refuse registration to a keeper under sixteen.",
            "contradicted",
            "number",
            id="age",
        ),
        pytest.param(
            "1",
            "Under {P} a keeper who fails to register is liable to a penalty of up to £50,000.",
            "contradicted",
            "number",
            id="amount",
        ),
        pytest.param(
            "1",
            "Under {P} a keeper who fails to register is liable to a penalty of at least £5,000.",
            "contradicted",
            "number",
            id="bound",
        ),
        pytest.param(
            "1",
            "{P} requires the Registrar to refuse registration if the keeper is under 18.",
            "contradicted",
            "modal",
            id="must for may",
        ),
        pytest.param(
            "1",
            "The keeper of a lending library may register the library with the Registrar ({P}).",
            "contradicted",
            "modal",
            id="may for must",
        ),
        pytest.param(
            "2", "{P} lets the keeper charge a reader for a loan.", "contradicted", "negation", id="may for may not"
        ),
        pytest.param(
            "2", "A reader may not borrow six books under {P}.", "contradicted", "negation", id="may not for may"
        ),
        pytest.param(
            "2",
            "{P} allows the keeper to charge for a loan even if the book is returned in time.",
            "contradicted",
            None,
            id="even if",
        ),
        pytest.param(
            "2",
            "{P} forbids the keeper in all cases to charge a reader for a loan.",
            "contradicted",
            "exception",
            id="in all cases",
        ),
        pytest.param(
            "2",
            "A reader may borrow six books only if a bishop vouches for him ({P}).",
            "not_in_law",
            "condition",
            id="new condition",
        ),
        pytest.param(
            "3",
            "An inspector may enter a lending library only with the consent of the keeper ({P}).",
            "contradicted",
            "exception",
            id="consent",
        ),
        pytest.param(
            "3",
            "{P} has the report approved by the Library Council on the recommendation of the Registrar.",
            "contradicted",
            "party",
            id="swapped",
        ),
        pytest.param(
            "3",
            "The inspector must give the keeper an oral report on the inspection ({P}).",
            "contradicted",
            "condition",
            id="opposite",
        ),
        pytest.param(
            "4",
            "The court may make a closure order only if all three conditions are met ({P}).",
            "contradicted",
            "condition",
            id="all for some",
        ),
        pytest.param(
            "4",
            "{P} permits the identification of readers by fingerprints.",
            "contradicted",
            "negation",
            id="prohibited",
        ),
        pytest.param(
            "4",
            "Under {P} a closure order lapses after two years.",
            "contradicted",
            "time_limit",
            id="quarter of a year",
        ),
        pytest.param(
            "5",
            "The keeper must send a return of all loans to the Registrar by 30 June ({P}).",
            "contradicted",
            "time_limit",
            id="date",
        ),
        pytest.param(
            "5",
            "At least 40 per cent of the loans must be of books by living authors ({P}).",
            "contradicted",
            "number",
            id="share",
        ),
        pytest.param(
            "6",
            "{P} makes the reader replace a damaged book within ten days.",
            "not_in_law",
            "time_limit",
            id="new time limit",
        ),
        pytest.param(
            "1",
            "{P} obliges the keeper to insure the chandeliers with a bank in Geneva.",
            "not_in_law",
            "not_in_text",
            id="new duty",
        ),
        pytest.param(
            "6",
            "Under {P} the court may close a building whose roof is unsafe.",
            "wrong_provision",
            "wrong_section",
            id="neighbour",
        ),
        pytest.param(
            "5",
            "{P} limits the penalty for a keeper who does not register the library.",
            "wrong_provision",
            "wrong_section",
            id="other end",
        ),
    ],
)
def test_a_claim_that_changes_the_rule_fails_with_the_reason(
    section: str, claim: str, label: str, reason: str | None
) -> None:
    judgement = judge(_cited(claim, section), section, ACT)

    assert judgement.failure is not None
    assert judgement.label == label
    assert reason is None or judgement.failure.reason == reason
    assert judgement.failure.sentence


@pytest.mark.parametrize("name", ["the Human Rights Act", "the United Kingdom", "the Library Council"])
def test_an_instrument_a_country_or_a_body_of_the_text_is_no_strange_party(name: str) -> None:
    claim = _cited(f"Under {{P}} the inspector must give the keeper a written report, as {name} knows.", "3")

    assert judge(claim, "3", ACT).label is Label.SUPPORTED


def test_a_body_that_the_text_does_not_name_is_another_party() -> None:
    claim = _cited("Under {P} the inspector must give the Harbour Master a written report on the inspection.", "3")

    failure = judge(claim, "3", ACT).failure

    assert failure is not None
    assert failure.reason is Reason.PARTY


def test_a_wrong_section_is_told_which_is_right() -> None:
    judgement = judge(_cited("{P} forbids the keeper to charge for a loan, unless the book is late.", "4"), "4", ACT)

    assert judgement.failure is not None
    assert judgement.failure.provision == "2"
    assert "s. 2 (Loans to readers)" in judgement.failure.sentence


@pytest.mark.parametrize(
    ("quoted", "label", "reason"),
    [
        pytest.param("A reader may borrow up to six books", Label.SUPPORTED, None, id="word for word"),
        pytest.param("A reader can borrow up to six books", Label.MISQUOTE, Reason.QUOTATION, id="a word changed"),
        pytest.param(
            "An inspector may enter a lending library", Label.WRONG_PROVISION, Reason.WRONG_SECTION, id="from s. 3"
        ),
    ],
)
def test_a_quotation_is_proved_in_the_section_that_is_named(quoted: str, label: Label, reason: Reason | None) -> None:
    judgement = judge(_cited(f'{{P}} says: "{quoted}".', "2"), "2", ACT)

    assert judgement.label is label
    assert (judgement.failure.reason if judgement.failure else None) is reason


def test_the_evidence_is_a_span_of_the_text_of_the_named_section() -> None:
    judgement = judge(_cited("A reader may borrow ten books for three weeks ({P}).", "2"), "2", ACT)

    text = ACT.rules["2"].text[judgement.start : judgement.end]
    assert text == "A reader may borrow up to six books for a period of three weeks."


def test_an_unknown_section_decides_nothing() -> None:
    assert judge("Section 99 lets readers sing.", "99", ACT).label is Label.UNDECIDED
    assert judge_any("Sections 98 and 99 let readers sing.", ["98", "99"], ACT).label is Label.UNDECIDED


def test_a_claim_that_names_two_sections_may_rest_on_either() -> None:
    claim = "Sections 1 and 2 of the Lending Libraries Act 2031 let a reader borrow six books for three weeks."

    assert judge_any(claim, ["1", "2"], ACT).label is Label.SUPPORTED


def test_an_instrument_of_one_provision_or_none_is_judged_without_neighbours() -> None:
    alone = Law([Rule("1", "The keeper must lock the door at night.")])

    assert judge("Under section 1 the keeper must lock the door at night.", "1", alone).label is Label.SUPPORTED
    assert judge("Section 1 requires nothing.", "1", Law([])).label is Label.UNDECIDED
    assert judge("Section 1 requires nothing.", "1", Law([Rule("1", "")])).label is not Label.SUPPORTED


_LOAN = "A reader may borrow up to six books for a period of three weeks"
_CHARGE = "the keeper may not charge a reader for a loan, unless the book is returned late"


@pytest.mark.parametrize(
    ("section", "claim", "reason"),
    [
        pytest.param("2", f"{_LOAN}, unless the parties have agreed otherwise", "condition", id="exception behind"),
        pytest.param("2", f"{_CHARGE}, or if a bishop consents to the charge", "condition", id="condition behind one"),
        pytest.param("2", f"if the moon is full, {_LOAN}", "condition", id="condition before"),
        pytest.param("2", _LOAN.replace("may", "must"), "modal", id="must for may"),
        pytest.param("2", _LOAN.replace("may", "may not"), "negation", id="not put in"),
        pytest.param("2", _CHARGE.replace("may not", "may"), "negation", id="not left out"),
        pytest.param(
            "1", "a keeper who fails to comply with subsection (4) is liable to a penalty", "number", id="reference"
        ),
        pytest.param("3", "the inspector must give the minister a written report on it", "party", id="party"),
        pytest.param("2", _LOAN.replace("three weeks", "three months"), "time_limit", id="unit"),
        pytest.param(
            "3",
            "the report is to be approved by the Registrar on the recommendation of the Welsh Council",
            "party",
            id="name",
        ),
        pytest.param(
            "1", "the reader of a lending library must register the library with the Registrar", "party", id="actor"
        ),
    ],
)
def test_a_sentence_that_is_repeated_with_one_thing_changed_fails_for_that(
    section: str, claim: str, reason: str
) -> None:
    judgement = judge(_cited(f"Under {{P}}, {claim}.", section), section, ACT)

    assert judgement.failure is not None
    assert judgement.failure.reason == reason


@pytest.mark.parametrize(
    ("section", "claim"),
    [
        pytest.param("2", _LOAN, id="whole"),
        pytest.param("2", _CHARGE, id="with its exception"),
        pytest.param("2", "the keeper may not charge a reader for a loan", id="without its exception"),
        pytest.param(
            "2", "a rare book may be lent only if the owner of the book consents in writing", id="an item of a list"
        ),
        pytest.param("1", "a keeper who fails to comply with section 1(1) is liable to a penalty", id="full reference"),
        pytest.param(
            "3", "the inspector has to give the keeper a written report on the inspection", id="has to for must"
        ),
        pytest.param(
            "3",
            "an inspector can enter a lending library at any reasonable time and needs no consent of the keeper",
            id="no consent for without",
        ),
        pytest.param("5", "the keeper must send an annual return of all loans by 31 March", id="a part left out"),
    ],
)
def test_a_sentence_that_is_repeated_whole_or_in_part_is_supported(section: str, claim: str) -> None:
    judgement = judge(_cited(f"Under {{P}}, {claim}.", section), section, ACT)

    assert judgement.label is Label.SUPPORTED, judgement.failure


@pytest.mark.parametrize("before", ["", "RULE: ", "Under "])
def test_a_date_in_the_title_of_a_treaty_is_no_time_limit(before: str) -> None:
    title = "Protocol Additional to the Pilots Conventions of 12 August 1949"
    law = Law([Rule("93", "Protocols shall be open to the Parties from the day of signature on.", "Protocols")], title)

    judgement = judge(f"{before}{title}, art 93 opens protocols to the parties from the day of signature.", "93", law)

    assert judgement.failure is None, judgement.failure


def test_nothing_is_found_against_a_sentence_far_down_in_a_long_section() -> None:
    said = "A reader who returns a rare book late must write to the owner of the book."
    long = " ".join(f"The keeper of shelf {number} must count the volumes on it." for number in range(2_000))
    law = Law([Rule("1", f"{long} {said} No {said[0].lower()}{said[1:]}"), Rule("2", "A reader returns a rare book.")])

    assert judge(f"Under section 1, {said[0].lower()}{said[1:]}", "1", law).failure is None
    assert judge(f"Under section 1, {said.replace('late', 'wet')}", "1", law).failure is not None


@pytest.mark.parametrize("sentence", [text for _, text in SECTIONS.values()])
def test_no_sentence_of_a_section_contradicts_it(sentence: str) -> None:
    section = next(number for number, (_, text) in SECTIONS.items() if text == sentence)
    for said in re.split(r"(?<=\.)\s+", re.sub(r"\d\.\d(?:\.[a-z])?\s+", "", sentence)):
        judgement = judge(_cited(f"Under {{P}}, {said}", section), section, ACT)
        assert judgement.label is Label.SUPPORTED, (said, judgement.failure)


class _Letters:
    """An embedder by letters: texts are alike that have the same letters."""

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        rows = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, 1e-9), dtype=np.float32)


def test_an_embedder_refuses_what_no_sentence_comes_near_to() -> None:
    claim = _cited("Six books may be borrowed by a reader ({P}).", "2")

    assert judge(claim, "2", ACT, Nearness(_Letters(), 0.5)).label is Label.SUPPORTED
    assert judge(claim, "2", ACT, Nearness(_Letters(), 1.1)).label is Label.NOT_IN_LAW


def _cited(claim: str, section: str) -> str:
    return claim.replace("{P}", f"section {section} of the Lending Libraries Act 2031")
