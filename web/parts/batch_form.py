"""The form that starts a batch: what was filled in, what the contract makes of it, and what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.contract.answers.catalogue import JurisdictionRow, ModelRow, ProviderRow, TopicRow
from utils.errors import InputError
from web.page_words import page_words

EMBEDDED = "local"
# What choosers and field names are made of: "uk:Contract Law - Misrepresentation", "mix-level-basic".
_OF = ":"
_LEVEL, _KIND, _WEIGHT = "mix-level-", "mix-kind-", "weight-"
_DEFAULTS = {"count": "20", "counted": "new", "allow_failover": "true", "judge_min_score": "0.6"}
_PLAIN = (
    *("difficulty", "sample_type", "reasoning_instruction", "seed"),
    *("max_cost_usd", "max_tokens_total", "max_minutes"),
)
# Where a fault of the contract's field is put right: the control's name, and its words.
_CONTROLS = {
    "count": ("count", "How many samples"),
    "target_count": ("count", "How many samples"),
    "Target count": ("count", "How many samples"),
    "topic": ("topic", "Topic"),
    "jurisdiction": ("jurisdiction", "Jurisdiction"),
    "difficulty": ("difficulty", "Difficulty"),
    "sample_type": ("sample_type", "Type of sample"),
    "provider": ("writer", "Who writes"),
    "model": ("writer", "Who writes"),
    "reasoning_instruction": ("reasoning_instruction", "Instruction"),
    "use_rag": ("use_rag", "Use documents"),
    "file_ids": ("file_ids", "Only these documents"),
    "judge": ("judge", "Who judges"),
    "judge.min_score": ("judge_min_score", "Refuse below"),
    "budget": ("max_cost_usd", "Limits"),
    "max_cost_usd": ("max_cost_usd", "Most US dollars"),
    "max_tokens_total": ("max_tokens_total", "Most tokens"),
    "max_minutes": ("max_minutes", "Most minutes"),
    "mix.difficulties": ("more", "Shares of the levels"),
    "mix.sample_types": ("more", "Shares of the types"),
    "mix": ("more", "Shares"),
    "providers": ("more", "Which providers take part"),
    "models": ("models", "Only these models"),
    "weights": ("more", "Shares of the load"),
    "seed": ("seed", "Seed"),
}
_NAMES = "|".join(re.escape(name) for name in sorted(_CONTROLS, key=len, reverse=True))
_FAULT = re.compile(rf"(?:^|; )({_NAMES})(?:\.[^:; ]+)?(?:: | (?=\())")
# What only callers of the API can do.
_API_WORDS = re.compile(r" ?\((?:GET|POST|PUT|DELETE) /api/[^)]*\)|,? as in GET /api/\S+|; see GET /api/\S+")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and at which control of the form ("" where none is at fault)."""

    control: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Choices:
    """A group of a chooser: its words, and (value, words) each."""

    label: str
    options: tuple[tuple[str, str], ...]


class Filled:
    """The form as it is filled in; read by templates."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """Return the text of a field, "" where there is none."""
        given = self._fields.get(name) or [""]
        return given[-1].strip()

    def many(self, name: str) -> list[str]:
        """Return what was chosen of many."""
        return [text for text in self._fields.get(name, ()) if text.strip()]

    def is_on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.one(name))

    def shares(self, beginning: str) -> dict[str, str]:
        """Return the filled-in fields whose names begin so, by the rest of their names."""
        found = {name.removeprefix(beginning): self.one(name) for name in self._fields if name.startswith(beginning)}
        return {name: text for name, text in found.items() if text}

    @property
    def has_more(self) -> bool:
        """Whether one of the rarely used fields is filled in, so that they are shown."""
        rare = ("seed", "smart_mode", "fill_gaps", "models", "providers", "own_topic", "file_ids")
        shares = (_LEVEL, _KIND, _WEIGHT)
        return not self.is_on("allow_failover") or any(map(self.one, rare)) or any(map(self.shares, shares))


def first_filled(asked: Mapping[str, Sequence[str]], writer: str, topics: Sequence[TopicRow]) -> Filled:
    """Return the form as it is first shown: what the address asks for, else the usual."""
    fields = {**{name: [text] for name, text in _DEFAULTS.items()}, "writer": [writer], **asked}
    topic = Filled(fields).one("topic")
    if topic:
        fields["topic"] = [_chosen_topic(topic, Filled(fields).one("jurisdiction"), topics)]
    return Filled(fields)


def body_of(form: Filled) -> dict[str, object]:
    """Return the fields of the contract's `BatchRequest`, as text where the contract reads text.

    Raises:
        InputError: two fields contradict each other.
    """
    body: dict[str, object] = {name: text for name in _PLAIN if (text := form.one(name))}
    # An empty number would be the service's own, of which nobody here has heard.
    body["target_count" if form.one("counted") == "total" else "count"] = form.one("count")
    body |= _topic(form)
    body |= _writer(form.one("writer"))
    body |= {name: form.is_on(name) for name in ("use_rag", "smart_mode", "fill_gaps", "allow_failover")}
    body |= {name: chosen for name in ("file_ids", "providers", "models") if (chosen := form.many(name))}
    if form.one("judge"):
        judge = _writer(form.one("judge"))
        body["judge"] = judge | ({"min_score": form.one("judge_min_score")} if form.one("judge_min_score") else {})
    mix = {"difficulties": form.shares(_LEVEL), "sample_types": form.shares(_KIND)}
    if any(mix.values()):
        body["mix"] = {name: shares for name, shares in mix.items() if shares}
    if weights := form.shares(_WEIGHT):
        body["weights"] = weights
    return body


def faults_in(message: str) -> list[Fault]:
    """Return *message* of the contract or of a service by control."""
    message = page_words(_API_WORDS.sub("", message))
    found = list(_FAULT.finditer(message))
    if not found or found[0].start():
        return [Fault("", "", message)]
    ends = [match.start() for match in found[1:]] + [len(message)]
    return [Fault(*_CONTROLS[match[1]], message[match.end() : end]) for match, end in zip(found, ends, strict=True)]


def topic_choices(topics: Sequence[TopicRow], jurisdictions: Sequence[JurisdictionRow]) -> list[Choices]:
    """Return the topics by jurisdiction and area, in the order of the catalogue."""
    names = {row["id"]: row["name"] for row in jurisdictions}
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in topics:
        label = f"{names.get(row['jurisdiction'], row['jurisdiction'])}: {row['practice_area']}"
        groups.setdefault(label, []).append((_value(row), row["topic"]))
    return [Choices(label, tuple(options)) for label, options in groups.items()]


def writer_choices(providers: Sequence[ProviderRow], models: Sequence[ModelRow]) -> list[Choices]:
    """Return who may write, by provider: "provider" for its own order of models, or "provider/model"."""
    return [
        Choices(
            row["name"],
            (
                (row["id"], f"{row['name']}, best model first"),
                *((f"{row['id']}/{m['id']}", m["name"]) for m in models if m["provider"] == row["id"]),
            ),
        )
        for row in providers
    ]


def usual_writer(providers: Sequence[ProviderRow]) -> str:
    """Return who writes unless somebody else is chosen: all that are set up, or the embedded model."""
    return EMBEDDED if only_embedded(providers) else "auto"


def only_embedded(providers: Sequence[ProviderRow]) -> bool:
    """Whether no provider is set up."""
    return all(row["id"] == EMBEDDED for row in providers)


def _value(row: TopicRow) -> str:
    return f"{row['jurisdiction']}{_OF}{row['practice_area']} - {row['topic']}"


def _chosen_topic(given: str, jurisdiction: str, topics: Sequence[TopicRow]) -> str:
    """Return the value of the chooser for *given*, which may be without its jurisdiction."""
    values = [_value(row) for row in topics]
    ends = f"{_OF}{given}"
    fitting = [value for value in values if value == given or value.endswith(ends)]
    return next((value for value in fitting if value == f"{jurisdiction}{ends}"), fitting[0] if fitting else given)


def _topic(form: Filled) -> dict[str, object]:
    jurisdiction, chosen = form.one("jurisdiction"), form.one("topic")
    body: dict[str, object] = {"jurisdiction": jurisdiction} if jurisdiction else {}
    if own := form.one("own_topic"):
        if chosen:
            raise InputError("topic: is chosen and written too; leave one of the two empty")
        return {**body, "topic": own}
    if not chosen:
        return body
    place, separator, name = chosen.partition(_OF)
    if not separator or " - " in place:
        return {**body, "topic": chosen}
    if jurisdiction not in ("", "all", place):
        raise InputError("topic: belongs to another jurisdiction than the one that is chosen; change one of the two")
    return {"jurisdiction": place, "topic": name}


def _writer(chosen: str) -> dict[str, object]:
    provider, _, model = chosen.partition("/")
    return {"provider": provider, "model": model} if model else {"provider": provider}
