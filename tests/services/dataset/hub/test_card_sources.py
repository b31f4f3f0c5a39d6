"""The card names the documents behind the samples, and keeps the lines that their licences ask for."""

import json
import re
from dataclasses import replace

import pytest

from models.samples.sample_store import SampleStore
from services.dataset.hub.card_merge import merged_card
from services.dataset.hub.card_sources import instruments_of, told_of
from services.dataset.publishable import Choice, Publishable
from services.quality.citation_audit import CitationAudit
from tests.fakes import CHECKER
from tests.services.dataset.hub.test_card_merge import FACTS
from tests.services.dataset.test_grounded_exports import source, standing

ACT = ("Data Act", "2024-01-31", "ogl-uk-3.0", "https://law.example/data-act")
NOTES = ("Our notes", "", "own", "")


@pytest.mark.parametrize("is_folded", [False, True])
def test_instruments_are_counted_of_the_samples_that_are_pushed(store: SampleStore, is_folded: bool) -> None:
    store.add(standing("two provisions", "grounded", source(), source(number="7", unit_id=9)))
    store.add(standing("nothing", None))
    store.add(standing("both", "grounded", source(), source(title="Our notes", version="", licence="own", url="")))
    store.add(standing("stays here", "grounded", source(title="Secret Act", licence="")))
    store.add(standing("replaced", "grounded", source(title="Old Act")))
    if is_folded:
        store.folding.fold()
    store.update("replaced", {"sources": None})
    store.add(standing("late", "partly", source()))
    snapshot = store.snapshot()
    chosen, _ = Publishable(CitationAudit(store, CHECKER)).fit(snapshot, Choice())

    assert instruments_of(snapshot, chosen) == {ACT: 3, NOTES: 1}


def test_card_names_instrument_version_licence_and_the_line_to_keep() -> None:
    text = merged_card(replace(FACTS, sources={ACT: 3, NOTES: 1}), None)

    assert "| [Data Act](https://law.example/data-act) | 2024-01-31 | Open Government Licence v3.0 | 3 |" in text
    assert "| Our notes |  | Own text of the publisher | 1 |" in text
    assert text.count("Contains public sector information licensed under the Open Government Licence v3.0.") == 1


def test_next_push_writes_the_sources_anew_and_keeps_what_people_wrote() -> None:
    first = merged_card(replace(FACTS, sources={ACT: 3}), None) + "\nOur own words.\n"

    later = merged_card(replace(FACTS, sources={NOTES: 2}), first)

    assert "Our notes" in later
    assert "Our own words." in later
    assert "Data Act" not in later


def test_card_without_such_samples_has_no_section_of_sources() -> None:
    assert "## Sources" not in merged_card(FACTS, None)


def test_many_instruments_are_listed_up_to_a_bound_and_every_licence_keeps_its_line() -> None:
    many = {(f"Act {n:03}", "", "mit", ""): 200 - n for n in range(120)} | {("Rare Act", "", "eu-reuse", ""): 1}

    text = told_of(many)

    assert text.count("| MIT |") == 50
    assert "71 others are named" in text
    assert "© European Union, reuse under Decision 2011/833/EU." in text


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("<!-- legal-training-platform: end -->", id="our own mark"),
        pytest.param("<!-- legal-training-platform: begin. -->", id="our first mark"),
        pytest.param("A | B", id="a cell"),
        pytest.param("A\n## B", id="a heading"),
        pytest.param("](javascript:x)", id="a link"),
    ],
)
def test_title_cannot_write_into_the_card(title: str) -> None:
    facts = replace(FACTS, sources={(title, "", "mit", "javascript:alert(1)"): 1})

    once = merged_card(facts, None)

    assert merged_card(facts, once) == once
    assert "\n## B" not in once
    assert re.search(r"(?<!\\)\]\(javascript", once) is None


def test_source_of_a_card_is_what_the_column_says(store: SampleStore) -> None:
    store.add(standing("odd", "grounded") | {"sources": json.dumps([{"licence": "own"}, "x", 3])})
    snapshot = store.snapshot()
    chosen, _ = Publishable(CitationAudit(store, CHECKER)).fit(snapshot, Choice())

    counted = instruments_of(snapshot, chosen)

    assert counted == {("", "", "own", ""): 1}
    assert "| untitled |" in told_of(counted)
