"""The datasheet of a release: the questions that readers of data sets ask, answered from its manifest.

The questions are those of Gebru et al., "Datasheets for Datasets" (2021), as far as the service knows the answers; what
only the publisher knows is marked as such.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.contract.answers.releases import ReleaseFacts

_ASKED = "_For the publisher to say._"
_SHOWN = 10
LIMITS = (
    "This is no legal advice. Statements of law may be wrong, outdated or incomplete.",
    "The texts were written by language models and have their style and their biases.",
    "A citation that is `verified` exists in the index it was checked against; that it supports what is said of it "
    "was only looked at where `grounding` says so.",
    "A citation that is `unverified` has the form of one and was found in no index: it may not exist.",
    "Law changes; `created_at` says when a sample was made.",
)
USES = (
    "Fine-tuning and evaluating language models on questions of law.",
    "Measuring how well models cite, with the held-out splits.",
)
CHECKS = (
    "Form: all fields are there, steps of reasoning numbered, length, sections and number of authorities.",
    "Citations: read by the grammar of their jurisdiction and looked up in an index of authorities; the worst verdict "
    "is in `citation_verdict`, each with its reason in `citations`.",
    "Near-duplicates: MinHash over words of question, answer and reasoning; one that is too alike was refused.",
    "Grounding: where a sample stands on documents, each quotation was found in them word for word "
    "(`grounding`, `sources`).",
    "Score and judge: `quality_score` sums the checks; `judge_score` is another model's, where a batch asked for one.",
    "Review: `review` is what a person decided; most samples were seen by nobody.",
)


def datasheet(facts: ReleaseFacts) -> str:
    """Return the datasheet, as Markdown."""
    quality, recipe = facts["quality"], facts["recipe"]
    checks = "\n".join(f"- {line}" for line in CHECKS)
    chosen = ", ".join(f"{name} = {value}" for name, value in recipe["filters"].items()) or "all samples"
    left = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in quality["left_out"].items()) or "none"
    splits = _told({name: split["samples"] for name, split in facts["splits"].items()})
    return f"""{_yanked(facts)}## Release

Release {facts["version"]} of {facts["created_at"][:10]}. Its rows have the hash
`{facts["content_hash"]}`: whoever has the same rows has the same hash. `release.json`
is its manifest, `rows.parquet` the hash of each row. To check a copy: `ltp release verify FOLDER`.

## How each row was checked

{checks}

| | |
| --- | --- |
| Citations, samples by worst verdict | {_told(quality["citations"])} |
| Grounding | {_told(quality["grounding"])} |
| Review | {_told(quality["reviews"])} |
| Mean quality score | {_number(quality["mean_score"])} ({quality["scored"]} samples have one) |
| Mean judge score | {_number(quality["mean_judge_score"])} ({quality["judged"]} samples have one) |

## Datasheet

**Why was it made?** {facts["description"] or _ASKED}

**What are the instances?** A question of law with its answer, the reasoning, and the authorities cited.
{facts["samples"]} of them: {splits}. Chosen: {chosen}; grounding {recipe["grounding"]}; include {recipe["include"]}.

**Is anything missing?** Samples that match and were left out: {left}.{_thinking(recipe["thinking"])}

**Are there recommended splits?** {_splits(facts)}

**Does it hold personal or confidential data?** Nobody's data were asked for. Names of parties stand in citations of
published decisions; whether a model wrote other names was not looked at.

**How was it collected?** Written by these models on a plan of topics, difficulties and types, or added by its
publisher: {_models(facts)}.
{_batches(facts)} Different prompts: {facts["prompts"]["count"]}.

**Who decided what is right?** The checks above. A person reviewed those that `review` names; {_ASKED}

**What should it not be used for?** Advising anybody on the law, without a lawyer who checks what is said.

**How is it distributed and maintained?** {_licence(facts["licence"])} A release never changes; one that should not be
used any more is withdrawn with its reason, and a later version takes its place. {_ASKED}
"""


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f}"


def _thinking(is_kept: bool) -> str:
    return " The models' own thoughts are in `thinking`." if is_kept else " The models' own thoughts were left out."


def _splits(facts: ReleaseFacts) -> str:
    recipe = facts["recipe"]
    if not recipe["splits"]:
        return "None: all samples are in `train`."
    return (
        f"Yes, in shares of {recipe['splits'].replace(',', ', ')} (seed {recipe['seed']}). Near-duplicates stand in "
        "one split together, and each split has the same mix of topics, difficulties and types."
    )


def _batches(facts: ReleaseFacts) -> str:
    total = facts["batch_count"]
    known = [batch["cost_usd"] for batch in facts["batches"] if batch["cost_usd"] is not None]
    cost = f"; {len(known)} of them cost {sum(known):.2f} USD in all, refused drafts included" if known else ""
    return f"Batches: {total}{cost}."


def _models(facts: ReleaseFacts) -> str:
    shown = [
        f"{_plain(model['model'] or 'not named')} of {_plain(model['provider'] or 'nobody named')} ({model['samples']})"
        for model in facts["models"][:_SHOWN]
    ]
    more = len(facts["models"]) - _SHOWN
    return ", ".join(shown) + (f", and {more} others" if more > 0 else "")


def _plain(text: str) -> str:
    """Return *text* as it may stand in a sentence: names come from outside."""
    return "".join(f"\\{char}" if char in "|[]`\\<>*_" else char for char in " ".join(text.split()))[:100]


def _licence(licence: Mapping[str, str]) -> str:
    if not licence:
        return "No licence was named: nobody may use it beyond what the law allows."
    return f"Licence: {_plain(licence.get('license_name') or licence['license'])}."


def _yanked(facts: ReleaseFacts) -> str:
    yanked = facts["yanked"]
    if yanked is None:
        return ""
    reason = " ".join(yanked["reason"].split())
    return f"> **Do not use this release**: it was yanked on {yanked['at'][:10]}. {reason}\n\n"
