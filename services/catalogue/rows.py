"""The rows of the catalogue's files, each validated as it is read."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.fields import Difficulty as Level

# What a sample type may ask to be checked (`services.quality.checks`).
CheckName = Literal[
    "fields",
    "steps",
    "substance",
    "reasoning_length",
    "words",
    "sections",
    "citations",
    "jurisdiction",
    "language",
    "leftovers",
    "distinct",
]


# What a party of a topic's facts is; "person" is a man or a woman.
CastRole = Literal["person", "man", "woman", "firm"]


class Row(BaseModel):
    """Base of the rows: frozen, and no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Jurisdiction(Row):
    """A legal system that samples may belong to."""

    id: str
    name: str
    legal_system: str
    citation_format: str


class Difficulty(Row):
    """What one level asks of an answer and its reasoning."""

    id: Level
    min_words: int = Field(gt=0)
    min_citations: int = Field(ge=0)
    min_reasoning_steps: int = Field(ge=1)
    max_reasoning_steps: int = Field(ge=1)
    min_reasoning_chars: int = Field(ge=0)
    description: str


class Topic(Row):
    """One topic; its key needs the jurisdiction, since areas recur.

    Attributes:
        facts: A fact pattern with the slots {a}, {b}, {sum}, {place}.
        outcome: What the law says about these facts.
        a: What the party {a} must be, so that the facts may be told of it.
        b: The same of {b}.
    """

    practice_area: str = Field(min_length=1)
    topic: str = Field(min_length=1)
    difficulty: str
    jurisdiction: str
    facts: str
    outcome: str
    a: CastRole = "person"
    b: CastRole = "firm"

    @property
    def key(self) -> str:
        """The form that clients send back: "Area - Topic"."""
        return f"{self.practice_area} - {self.topic}"


class Authority(Row):
    """A case or provision with the rule it stands for, in our words."""

    cite: str = Field(min_length=5)
    rule: str = Field(min_length=10)
    topics: tuple[str, ...] = Field(min_length=1)
    jurisdiction: str


class SlotValues(Row):
    """What the scaffold draws the facts of a jurisdiction from (`catalog/prompts/slots.toml`)."""

    men: tuple[str, ...] = Field(min_length=1)
    women: tuple[str, ...] = Field(min_length=1)
    firms: tuple[str, ...] = Field(min_length=1)
    sums: tuple[str, ...] = Field(min_length=1)
    places: tuple[str, ...] = Field(min_length=1)


class ChatPrompt(Row):
    """A system prompt that the chat offers (`catalog/prompts/chat.toml`)."""

    name: str = Field(min_length=1)
    prompt: str = Field(min_length=1)


class StarterSample(Row):
    """A sample written by hand: a worked example, and what a fresh installation shows."""

    id: str = Field(pattern=r"^starter_[a-z0-9_]+$")
    topic: str
    difficulty: str
    jurisdiction: str
    sample_type: str
    question: str = Field(min_length=20)
    answer: str = Field(min_length=100)
    case_citation: str = Field(min_length=5)
    reasoning: str = Field(min_length=20)


class Part(Row):
    """One part of an answer; `heading` is empty for types of flowing text."""

    heading: str = ""
    ask: str
    role: Literal["prose", "issue", "rule", "conclusion"] = "prose"


class SampleType(Row):
    """A kind of sample: what its answer consists of and what its validator counts.

    Attributes:
        needs_law: It is about one provision of the documents that are here, and cannot be made without.
    """

    id: str
    order: int
    name: str
    description: str
    focus: str
    example: str
    question_format: str = ""
    headings: bool
    parts: tuple[Part, ...] = Field(min_length=1)
    checks: tuple[CheckName, ...] = Field(min_length=1)
    counted: tuple[str, ...] = ()
    min_counted: int = 0
    mix_percent: int = 0
    needs_law: bool = False
    min_words: int | None = None
    max_words: int | None = None
    min_steps: int | None = None
    max_steps: int | None = None
    min_citations: int | None = None
    min_reasoning_chars: int | None = None
    contexts: tuple[str, ...] = ()
    template: str

    @model_validator(mode="after")
    def _headings_have_names(self) -> "SampleType":
        if self.headings and not all(part.heading for part in self.parts):
            raise ValueError("parts: every part needs a heading when headings = true")
        if self.min_counted > len(self.counted):
            raise ValueError(
                f"min_counted: got {self.min_counted}, want at most {len(self.counted)} (the counted ones)"
            )
        return self


class ProviderInfo(Row):
    """Where a provider is reached, and its initial limits: a row of `catalog/providers.toml`.

    Attributes:
        adapter: Module of `services/llm/providers/` that speaks its wire.
        key: Setting that its key is read from; "" for a server that needs none.
        base_url_setting: Setting that leads it to another address; "" for none.
        champion_model: The model for the hardest samples; "" for the default one.
        limit_scope: What the vendor counts limits by.
        requests_header: The window of the vendor's header on requests.
        requests_per_minute, tokens_per_minute: Where to begin; at a server of the user's own no more than a guess.
        max_concurrency: Most calls at a time; None for the setting MAX_WORKERS.
        weight: Share of the load where several providers have room.
        temperature, top_p: How freely it writes, unless the prompt says otherwise.
        timeout_s: Longest time of a call, in seconds; None for the setting REQUEST_TIMEOUT_S.
        last_resort: Serves only requests that ask for it, or where no other is usable.
        requests_cap, tokens_cap: Limits a minute that users set; the vendor's headers may lower but not raise them.
    """

    id: str
    name: str
    adapter: str
    key: str = ""
    base_url: str
    base_url_setting: str = ""
    default_model: str
    champion_model: str = ""
    requests_per_minute: int = Field(gt=0)
    tokens_per_minute: int = Field(gt=0)
    requests_per_day: int | None = Field(None, gt=0)
    tokens_per_day: int | None = Field(None, gt=0)
    limit_scope: Literal["model", "account"] = "model"
    requests_header: Literal["minute", "day"] = "minute"
    max_concurrency: int | None = Field(None, gt=0)
    weight: float = Field(1.0, gt=0)
    temperature: float = 0.6
    top_p: float = 0.95
    timeout_s: float | None = Field(None, gt=0)
    last_resort: bool = False
    # What users set over the catalogue.
    requests_cap: int | None = Field(None, gt=0)
    tokens_cap: int | None = Field(None, gt=0)
    enabled: bool = True


class ModelInfo(Row):
    """What we know of a model.

    Attributes:
        discovered: Only a list or a user names it.
        awaited: Its server has not said yet whether it has this model, so that nobody calls it.
        retired: Marks a tombstone.
        supports_cot: Whether it shows its reasoning; None for not known, as with the two below.
        supports_streaming: Every adapter streams, so a model does unless a row says otherwise.
        supports_vision: Whether it takes images.
        evidence: Who says so.
    """

    provider: str
    id: str
    context_window: int = Field(gt=0)
    max_output: int | None = None
    json_schema: bool = False
    supports_cot: bool | None = None
    supports_streaming: bool | None = True
    supports_vision: bool | None = None
    evidence: str = ""
    guided: bool = False
    display_name: str = ""
    enabled: bool = True
    discovered: bool = False
    awaited: bool = False
    retired: str = ""
    replacement: str = ""
    price_input: float | None = Field(None, ge=0)
    price_output: float | None = Field(None, ge=0)
    price_source: str = ""
    price_date: str = ""

    @model_validator(mode="after")
    def _prices_have_a_source(self) -> "ModelInfo":
        if (self.price_input is None) != (self.price_output is None):
            raise ValueError("price_input and price_output: give both or none")
        if self.price_input is not None and not (self.price_source and self.price_date):
            raise ValueError("price_source and price_date: want where and when the price was read")
        return self

    @property
    def thinks(self) -> bool:
        """Whether its answers are known to need room for reasoning."""
        return self.supports_cot is True

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return what a call costs, in US dollars; None when the price is not known."""
        if self.price_input is None or self.price_output is None:
            return None
        return (prompt_tokens * self.price_input + completion_tokens * self.price_output) / 1e6
