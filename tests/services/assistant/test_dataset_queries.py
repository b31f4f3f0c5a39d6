"""Typed queries of the data set: what phrases are read as, and answers held against the samples themselves."""

# ruff: noqa: E501  # a phrase and its query are one row of a table

from collections import Counter
from statistics import mean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.batches.usage_store import UsageStore
from models.samples.sample_store import SampleStore
from services.assistant.dataset_queries.answering import DatasetAnswers
from services.assistant.dataset_queries.parsing import parse
from services.assistant.dataset_queries.queries import Parsed, Unparsed, as_data
from services.assistant.vocabulary import vocabulary_of
from services.operations.usage_service import UsageService
from services.quality.citation_audit import CitationAudit
from tests.fakes import CATALOGUE, CHECKER, SAMPLE, scripted_llm

WORDS = vocabulary_of(CATALOGUE)
TRUSTS = {"practice_area": ["Trusts Law"]}
CONTRACT = {"practice_area": ["Contract Law", "Contracts"]}
TOPICS = (
    "Trusts Law - Charitable Trusts",
    "Contract Law - Misrepresentation",
    "Company Law - Directors Duties",
    "Tort Law - Nuisance",
)
LEVELS = ("basic", "intermediate", "expert")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("which expert samples on trusts lack an authority?", {"kind": "ListSamples", "values": {"difficulty": ["expert"], **TRUSTS}, "lacks": "authority"}),
        ("how many UK samples do we have per difficulty?", {"kind": "GroupCounts", "by": "difficulty", "values": {"jurisdiction": ["uk"]}}),
        ("where is the data thinnest?", {"kind": "ThinnestCells"}),
        ("what gaps are there in our coverage of EU law", {"kind": "ThinnestCells", "values": {"jurisdiction": ["eu"]}}),
        ("show the 5 worst samples on contract law", {"kind": "WorstRows", "values": CONTRACT, "limit": 5}),
        ("average score by model", {"kind": "Averages", "measure": "quality_score", "by": "model"}),
        ("mean quality score of the employment law samples", {"kind": "Averages", "measure": "quality_score", "values": {"practice_area": ["Employment Law"]}}),
        ("what is the average answer length", {"kind": "Averages", "measure": "answer_chars"}),
        ("how many words do answers have on average", {"kind": "Averages", "measure": "answer_words"}),
        ("Which model wrote the best samples?", {"kind": "Averages", "by": "model"}),
        ("how many samples are there", {"kind": "Count"}),
        ("How many samples on directors do we have?", {"kind": "Count", "about": ["director"]}),
        ("How many expert samples came from Groq?", {"kind": "Count", "values": {"difficulty": ["expert"], "provider": ["groq"]}}),
        ("how many us samples are there", {"kind": "Count", "values": {"jurisdiction": ["us"]}}),
        ("give us the number of samples", {"kind": "Count"}),
        ("How many do we have on defamation?", {"kind": "Count", "values": {"topic": ["Tort Law - Defamation"]}}),
        ("how many case analyses have we got in contract law", {"kind": "Count", "values": {"sample_type": ["case_analysis"], **CONTRACT}}),
        ("what percentage of samples is verified", {"kind": "Count", "verdict": "verified"}),
        ("how many samples have no reasoning", {"kind": "Count", "lacks": "reasoning"}),
        ("how many samples are grounded in documents", {"kind": "Count", "values": {"grounding": ["grounded"]}}),
        ("don't generate anything, just count the samples on trusts", {"kind": "Count", "values": TRUSTS}),
        ("show me 50 samples on trusts", {"kind": "ListSamples", "values": TRUSTS, "limit": 50}),
        ("list all advanced tort samples from the US", {"kind": "ListSamples", "values": {"difficulty": ["advanced"], "practice_area": ["Tort Law", "Torts"], "jurisdiction": ["us"]}}),
        ("list the newest samples", {"kind": "ListSamples", "order": "newest"}),
        ("show the oldest samples", {"kind": "ListSamples", "order": "oldest"}),
        ("which are the longest samples", {"kind": "ListSamples", "order": "longest"}),
        ("show samples with a quality score below 0.5", {"kind": "ListSamples", "max_score": 0.5}),
        ("list samples that are not grounded", {"kind": "ListSamples", "lacks": "grounding"}),
        ("samples without a citation", {"kind": "ListSamples", "lacks": "authority"}),
        ("which samples have invalid citations", {"kind": "ListSamples", "verdict": "invalid"}),
        ("display the samples with unverified citations", {"kind": "ListSamples", "verdict": "unverified"}),
        ("Show me our rejected samples", {"kind": "ListSamples", "review": "rejected"}),
        ("pull up five examples on easements", {"kind": "ListSamples", "about": ["easement"], "limit": 5}),
        ("Do not create samples. Show the ones on negligence.", {"kind": "ListSamples", "about": ["negligence"]}),
        ("count samples by jurisdiction", {"kind": "GroupCounts", "by": "jurisdiction"}),
        ("break down the data by practice area", {"kind": "GroupCounts", "by": "practice_area"}),
        ("distribution of difficulty levels", {"kind": "GroupCounts", "by": "difficulty"}),
        ("number of rows per sample type", {"kind": "GroupCounts", "by": "sample_type"}),
        ("samples per grounding", {"kind": "GroupCounts", "by": "grounding"}),
        ("compare the number of uk and us samples", {"kind": "GroupCounts", "by": "jurisdiction", "values": {"jurisdiction": ["uk", "us"]}}),
        ("Which topics have the fewest samples?", {"kind": "GroupCounts", "by": "topic", "fewest": True}),
        ("which provider produced the most samples", {"kind": "GroupCounts", "by": "provider"}),
        ("what topics do we cover", {"kind": "GroupCounts", "by": "topic"}),
        ("are there duplicates in the data set", {"kind": "Duplicates"}),
        ("total tokens used by provider", {"kind": "Spend", "by": "provider"}),
        ("which batch cost the most", {"kind": "Spend", "by": "batch"}),
        ("worst 20 by score", {"kind": "WorstRows", "limit": 20}),
        ("show our best samples", {"kind": "WorstRows", "best": True}),
    ],
)  # fmt: skip
def test_phrase_is_read_as_its_query(text: str, query: dict[str, Any]) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Parsed)
    told = as_data(parsed.query)
    usual = {"limit": told.get("limit"), "order": "newest", "measure": "quality_score"}
    assert {**{name: value for name, value in usual.items() if name in told}, **query} == told


@pytest.mark.parametrize(
    ("text", "words"),
    [("how many samples were added by Bob", ("added", "bob")), ("list 20 random samples on criminal law", ("random",)),
     ("List samples created with gpt-9x", ("created", "gpt", "9x"))],
)  # fmt: skip
def test_words_that_had_no_part_are_told(text: str, words: tuple[str, ...]) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Parsed)
    assert parsed.unused == words


@pytest.mark.parametrize(
    ("text", "wanted", "excluded"),
    [
        ("How many samples are not basic?", {}, {"difficulty": ["basic"]}),
        ("how many samples are not from the UK", {}, {"jurisdiction": ["uk"]}),
        ("how many samples are outside the UK", {}, {"jurisdiction": ["uk"]}),
        ("how many samples without expert difficulty", {}, {"difficulty": ["expert"]}),
        ("how many samples except expert ones", {}, {"difficulty": ["expert"]}),
        ("how many samples other than the expert ones", {}, {"difficulty": ["expert"]}),
        ("how many samples aren't expert", {}, {"difficulty": ["expert"]}),
        ("how many non-expert samples", {}, {"difficulty": ["expert"]}),
        ("how many non-expert samples from the UK", {"jurisdiction": ["uk"]}, {"difficulty": ["expert"]}),
        ("how many UK samples are not expert", {"jurisdiction": ["uk"]}, {"difficulty": ["expert"]}),
        ("how many samples are neither basic nor expert", {}, {"difficulty": ["basic", "expert"]}),
        ("how many samples are not basic or expert", {}, {"difficulty": ["basic", "expert"]}),
        ("how many samples are not expert and not from the UK", {}, {"difficulty": ["expert"], "jurisdiction": ["uk"]}),
        ("how many samples are not basic but expert", {"difficulty": ["expert"]}, {"difficulty": ["basic"]}),
        ("count the samples, exclude tort", {}, {"practice_area": ["Tort Law", "Torts"]}),
        ("count samples not by groq", {}, {"provider": ["groq"]}),
        ("how many samples without case studies", {}, {"sample_type": ["case_study"]}),
    ],
)
def test_excluded_values_are_no_wanted_ones(text: str, wanted: dict[str, Any], excluded: dict[str, Any]) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Parsed)
    expected = {"kind": "Count", "excluded": excluded} | ({"values": wanted} if wanted else {})
    assert as_data(parsed.query) == expected


@pytest.mark.parametrize(
    "text",
    [
        "how many samples are not UK expert ones",
        "how many samples are not expert and from the UK",
        "how many samples, expert ones excluded",
        "how many samples are not rejected",
        "how many samples are not about directors",
        "how many samples are expert or not",
        "don't list the expert samples, count them",
        "which topics do not have expert samples",
        "which topics lack expert samples",
        "which providers do not produce expert samples",
        "are there no expert samples",
    ],
)
def test_exclusion_that_can_be_read_two_ways_is_refused(text: str) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Unparsed)
    assert "excludes was not understood" in parsed.reason


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("how many samples before 2020", "'before 2020': dates cannot be asked for"),
        ("show the samples before 2020", "'before 2020': dates cannot be asked for"),
        ("how many samples were added yesterday", "dates cannot be asked for"),
        ("how many samples were added today", "dates cannot be asked for"),
        ("how many samples since last month", "dates cannot be asked for"),
        ("samples from this week", "dates cannot be asked for"),
        ("tokens used this week", "dates cannot be asked for"),
        ("list samples created on 5 May", "dates cannot be asked for"),
        ("list samples from 2024-01-02", "dates cannot be asked for"),
        ("how many samples in the last 7 days", "dates cannot be asked for"),
        ("how many recent samples", "dates cannot be asked for"),
        ("list samples longer than 500 words", "'longer than 500 words': the quality score alone"),
        ("how many samples have more than 500 words", "the quality score alone"),
        ("show samples with at least 300 words", "the quality score alone"),
        ("how many samples with between 300 and 500 words", "the quality score alone"),
        ("how many samples with over a hundred words", "the quality score alone"),
        ("how many samples with more than 1 citation", "the quality score alone"),
    ],
)
def test_limit_that_is_not_understood_is_not_dropped(text: str, told: str) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Unparsed)
    assert told in parsed.reason


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("how many samples with a score of at least 0.8", {"kind": "Count", "min_score": 0.8}),
        ("how many samples over 0.5", {"kind": "Count", "min_score": 0.5}),
        ("samples by day", {"kind": "GroupCounts", "by": "day", "limit": 100}),
        ("list the last 5 samples", {"kind": "ListSamples", "limit": 5, "order": "newest"}),
    ],
)
def test_limit_that_is_understood_is_used(text: str, query: dict[str, Any]) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Parsed)
    assert as_data(parsed.query) == query


@pytest.mark.parametrize(
    "text",
    [
        "how many samples on snails",
        "samples about promissory estoppel",
        "what is a condition",
        "",
        "drop table samples;",
    ],
)
def test_question_that_cannot_be_answered_is_told_with_what_can(text: str, store: SampleStore) -> None:
    parsed = parse(text, WORDS)
    if isinstance(parsed, Parsed):
        assert parsed.unused
        return

    assert isinstance(parsed, Unparsed)
    told = answers(store).answer(parsed)
    assert told["query"] is None
    assert len(told["suggestions"]) >= 5
    assert "Not understood" in told["text"]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    parsed = parse(text, WORDS)

    assert isinstance(parsed, Unparsed) or as_data(parsed.query)["kind"]


def answers(store: SampleStore) -> DatasetAnswers:
    usage = UsageService(UsageStore(store._engine), scripted_llm({})[0])
    topics = [(topic.jurisdiction, topic.key) for topic in CATALOGUE.topics]
    return DatasetAnswers(store, CitationAudit(store, CHECKER), usage, lambda: NOTHING_ALIKE, topics)


NOTHING_ALIKE: Any = {
    "samples": 0, "indexed": 0, "thresholds": {"report": 0.8, "refuse": 0.9},
    "counts": {"duplicates": 0, "siblings": 0, "similar": 0, "beyond": 0}, "pairs": [],
}  # fmt: skip


def stored(store: SampleStore) -> list[dict[str, Any]]:
    rows = [
        {
            **SAMPLE,
            "id": f"s{n:02}",
            "topic": TOPICS[n % 4],
            "difficulty": LEVELS[n % 3],
            "jurisdiction": "uk" if n % 5 else "us",
            "question": f"Question {n}?",
            "answer": "word " * (n + 1),
            "case_citation": "none here" if n % 6 == 0 else "Fisher v Bell [1961] 1 QB 394",
            "reasoning": "Step 1: plain",
            "model": f"model-{n % 2}",
            "provider": "groq",
            "quality_score": n / 40,
        }
        for n in range(36)
    ]
    for row in rows:
        store.add(row)
    return rows


def asked(store: SampleStore, text: str) -> Any:
    return answers(store).answer(parse(text, WORDS))


def test_counts_are_those_of_the_samples(store: SampleStore) -> None:
    rows = stored(store)

    trusts = asked(store, "how many expert samples on trusts do we have")
    places = asked(store, "how many samples per jurisdiction")
    directors = asked(store, "how many samples on directors")

    expected = sum(row["topic"].startswith("Trusts") and row["difficulty"] == "expert" for row in rows)
    assert trusts["total"] == expected > 0
    assert f"{expected} samples (expert, Trusts Law) of 36 ({100 * expected / 36:.1f} %)" in trusts["text"]
    assert {row["jurisdiction"]: row["count"] for row in places["rows"]} == Counter(row["jurisdiction"] for row in rows)
    assert directors["total"] == 9


def test_what_is_excluded_is_counted_apart(store: SampleStore) -> None:
    rows = stored(store)

    basic = asked(store, "how many samples are not basic")
    neither = asked(store, "how many samples are neither basic nor expert")
    places = asked(store, "how many samples that are not expert per jurisdiction")
    rarest = asked(store, "which topics have the fewest samples, excluding tort")
    thin = asked(store, "where is the data thinnest for trusts, except expert")

    assert basic["total"] == sum(row["difficulty"] != "basic" for row in rows) == 24
    assert basic["text"].startswith("24 samples (not basic) of 36")
    assert neither["total"] == sum(row["difficulty"] == "intermediate" for row in rows) == 12
    assert {row["jurisdiction"]: row["count"] for row in places["rows"]} == Counter(
        row["jurisdiction"] for row in rows if row["difficulty"] != "expert"
    )
    assert rarest["rows"][0]["count"] == 0
    assert rarest["total"] == 27
    assert {row["difficulty"] for row in thin["rows"]} == {"foundational", "basic", "intermediate", "advanced"}
    assert basic["link"] == "/api/dataset/query?q=how+many+samples+are+not+basic"


@given(
    st.sampled_from(LEVELS), st.sampled_from(("not {}", "non-{}", "except {} ones", "that aren't {}", "excluding {}"))
)
def test_question_and_its_exclusion_name_the_same_values(level: str, form: str) -> None:
    plain = parse(f"how many samples are {level}", WORDS)
    turned = parse(f"how many samples {form.format(level)}", WORDS)

    assert isinstance(plain, Parsed)
    assert isinstance(turned, Parsed)
    assert as_data(plain.query)["values"] == as_data(turned.query)["excluded"]
    assert "values" not in as_data(turned.query)


def test_lists_hold_what_was_asked_in_its_order(store: SampleStore) -> None:
    rows = stored(store)

    lacking = asked(store, "which expert samples on trusts lack an authority?")
    worst = asked(store, "show the 5 worst samples on contract law")
    low = asked(store, "show samples with a score below 0.2")

    wanted = {
        r["id"]
        for r in rows
        if r["case_citation"] == "none here" and r["difficulty"] == "expert" and r["topic"] == TOPICS[0]
    }
    assert {row["id"] for row in lacking["rows"]} == wanted
    contract = sorted((row for row in rows if row["topic"] == TOPICS[1]), key=lambda row: row["quality_score"])
    assert [row["id"] for row in worst["rows"]] == [row["id"] for row in contract[:5]]
    assert low["total"] == sum(row["quality_score"] <= 0.2 for row in rows)


def test_samples_without_an_authority_are_found(store: SampleStore) -> None:
    rows = stored(store)

    lacking = asked(store, "show 50 samples without a citation")

    assert {row["id"] for row in lacking["rows"]} == {row["id"] for row in rows if row["case_citation"] == "none here"}


def test_averages_are_the_means_of_the_samples(store: SampleStore) -> None:
    rows = stored(store)

    scores = asked(store, "average score by model")
    words = asked(store, "average number of words")

    for row in scores["rows"]:
        of_model = [sample["quality_score"] for sample in rows if sample["model"] == row["model"]]
        assert row["mean"] == pytest.approx(mean(of_model), abs=1e-6)
        assert row["samples"] == len(of_model)
    assert words["rows"][0]["mean"] == pytest.approx(mean(n + 1 for n in range(36)))


def test_thinnest_cells_are_those_of_the_catalogue_without_samples(store: SampleStore) -> None:
    stored(store)

    thin = asked(store, "where is the data thinnest for trusts")

    trusts = [topic.key for topic in CATALOGUE.topics if topic.practice_area == "Trusts Law"]
    assert thin["total"] == 5 * len(trusts)
    assert all(row["count"] == 0 for row in thin["rows"])
    assert thin["text"].startswith(f"{5 * len(trusts) - 3} of {5 * len(trusts)} cells")


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("how many expert samples", "/api/samples/filter?difficulty=expert&limit=0"),
        ("list the oldest uk samples", "/api/samples/filter?jurisdiction=uk&sort=oldest&limit=10"),
        ("samples on trusts", "/api/dataset/query?q=samples+on+trusts"),
        ("any duplicates?", "/api/quality/duplicates"),
        ("tokens by model", "/api/usage?by=model"),
    ],
)
def test_answer_links_to_what_shows_the_same(store: SampleStore, text: str, link: str) -> None:
    assert asked(store, text)["link"] == link


def test_empty_data_set_is_answered_with_nothing(store: SampleStore) -> None:
    for text in (
        "how many samples",
        "average score",
        "where is the data thinnest",
        "worst samples",
        "samples per topic",
    ):
        told = asked(store, text)
        assert told["query"] is not None
        assert told["text"].startswith("The data set has no samples.")
        assert "0 samples" not in told["text"]
        assert ": none" not in told["text"]


def test_no_duplicates_are_told_of_an_empty_data_set(store: SampleStore) -> None:
    assert asked(store, "any duplicates?")["text"] == "The data set has no samples."


def test_groups_of_no_samples_are_told_without_a_list(store: SampleStore) -> None:
    stored(store)

    told = asked(store, "advanced samples by jurisdiction")

    assert (told["text"], told["rows"], told["total"]) == ("0 samples (advanced).", [], 0)


def test_words_that_were_not_used_are_told_once(store: SampleStore) -> None:
    stored(store)

    counted = asked(store, "how many samples by Bob")
    listed = asked(store, "list 20 random samples")

    assert counted["text"] == "36 samples. Not used of your question: bob."
    assert listed["text"].count("random") == 1
    assert listed["text"].endswith("\nNot used of your question: random.")


def test_list_is_told_by_ids_and_questions(store: SampleStore) -> None:
    stored(store)
    store.add({**SAMPLE, "id": "long", "question": "Why \n not? " * 30, "difficulty": "advanced"})

    many = asked(store, "show 12 samples with the oldest first")["text"].split("\n")
    one = asked(store, "show the advanced samples")["text"].split("\n")

    assert many[0].startswith("37 samples; 12 shown")
    assert len(many) == 11
    assert all(line.startswith(("s", "long")) and ": " in line for line in many[1:])
    assert one[1] == "long: " + ("Why not? " * 30)[:80]
