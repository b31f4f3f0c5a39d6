"""The catalogue: topics, sample types, difficulties, jurisdictions, authorities, providers, models.

All of it is data in `catalog/`, read once at start and never changed afterwards;
a fault stops the start with file and line.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from services.catalogue.files import build, read_front_matter, read_toml, template_body
from services.catalogue.rows import (
    Authority,
    Difficulty,
    Jurisdiction,
    ModelInfo,
    Part,
    ProviderInfo,
    SampleType,
    StarterSample,
    Topic,
)
from utils.errors import ConfigurationError, InputError

__all__ = [
    "BALANCE",
    "Authority",
    "Catalogue",
    "Difficulty",
    "Jurisdiction",
    "ModelInfo",
    "Part",
    "ProviderInfo",
    "Requirements",
    "SampleType",
    "StarterSample",
    "Topic",
    "load_catalogue",
]

BALANCE = "balance"
M = TypeVar("M", bound=BaseModel)


# English legal text in JSON: measured on worked examples (`catalog/starter/`).
_TOKENS_A_WORD, _CHARS_A_TOKEN, _TOKENS_A_CITATION, _TOKENS_OF_THE_FORM = 1.4, 4.5, 20, 150
# Models write about so much more than the least that is asked for.
_USUAL_EXCESS = 1.5


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a type and a difficulty together ask of one sample."""

    min_words: int
    max_words: int | None
    min_citations: int
    min_steps: int
    max_steps: int
    min_reasoning_chars: int

    @property
    def expected_tokens(self) -> int:
        """About how many tokens an answer takes that does what is asked, and not much more."""
        words = self.max_words or _USUAL_EXCESS * self.min_words
        fields = _TOKENS_A_CITATION * self.min_citations + _USUAL_EXCESS * self.min_reasoning_chars / _CHARS_A_TOKEN
        return int(_TOKENS_A_WORD * words + fields + _TOKENS_OF_THE_FORM)


@dataclass(frozen=True)
class Catalogue:
    """Everything read from `catalog/`, in file order."""

    jurisdictions: tuple[Jurisdiction, ...]
    difficulties: tuple[Difficulty, ...]
    topics: tuple[Topic, ...]
    sample_types: tuple[SampleType, ...]
    authorities: tuple[Authority, ...]
    providers: tuple[ProviderInfo, ...]
    models: tuple[ModelInfo, ...]
    diversity: dict[str, tuple[str, ...]]
    starter: tuple[StarterSample, ...]
    folder: Path

    @property
    def default_jurisdiction(self) -> str:
        """The jurisdiction of requests that name none."""
        return self.jurisdictions[0].id

    @property
    def core_types(self) -> tuple[SampleType, ...]:
        """The types of the recommended mix, which `balance` cycles through."""
        return tuple(kind for kind in self.sample_types if kind.mix_percent)

    @property
    def law_type(self) -> SampleType | None:
        """The type of samples about one provision; None if the catalogue has none."""
        return next((kind for kind in self.sample_types if kind.needs_law), None)

    def difficulty(self, name: str) -> Difficulty:
        """Return the level *name*; InputError lists the known ones."""
        return _find(self.difficulties, name, "difficulty")

    def jurisdiction(self, name: str) -> Jurisdiction:
        """Return the jurisdiction *name*; InputError lists the known ones."""
        return _find(self.jurisdictions, name, "jurisdiction")

    def sample_type(self, name: str) -> SampleType:
        """Return the type *name*; InputError lists the known ones."""
        return _find(self.sample_types, name, "sample_type")

    def with_default_jurisdiction(self, name: str) -> "Catalogue":
        """Return the catalogue with *name* as the default, "" for the first; InputError lists the known ones."""
        if not name:
            return self
        first = self.jurisdiction(name)
        others = (row for row in self.jurisdictions if row is not first)
        return replace(self, jurisdictions=(first, *others))

    def with_local_model(self, name: str) -> "Catalogue":
        """Return the catalogue with the embedded provider serving the model *name*."""
        info = self.provider("local")
        if info is None or info.default_model == name:
            return self
        change = {"default_model": name}
        providers = tuple(row.model_copy(update=change) if row.id == "local" else row for row in self.providers)
        models = tuple(row.model_copy(update={"id": name}) if row.provider == "local" else row for row in self.models)
        return replace(self, providers=providers, models=models)

    def provider(self, name: str) -> ProviderInfo | None:
        """Return the provider *name*, or None."""
        return next((provider for provider in self.providers if provider.id == name), None)

    def models_of(self, provider: str) -> tuple[ModelInfo, ...]:
        """Return the models of *provider* in fallback order, tombstones included."""
        return tuple(model for model in self.models if model.provider == provider)

    def topic(self, practice_area: str, topic: str, jurisdiction: str, difficulty: str = "intermediate") -> Topic:
        """Return the catalogue's topic, or one made for a topic of the caller's own."""
        known = self._topics_by_name.get((practice_area, topic, jurisdiction))
        if known is not None:
            return known
        return Topic(
            practice_area=practice_area,
            topic=topic,
            difficulty=difficulty,
            jurisdiction=jurisdiction,
            facts="",
            outcome="",
        )

    def topics_of(self, jurisdiction: str | None) -> tuple[Topic, ...]:
        """Return the topics of one jurisdiction, or all for None."""
        return tuple(topic for topic in self.topics if jurisdiction in (None, topic.jurisdiction))

    def authorities_of(self, topic: Topic) -> tuple[Authority, ...]:
        """Return what may be cited on *topic*, most specific first."""
        return self._authorities_by_topic.get((topic.jurisdiction, topic.key), ())

    # What every sample needs is looked up, not searched for.

    @cached_property
    def _topics_by_name(self) -> dict[tuple[str, str, str], Topic]:
        rows = reversed(self.topics)  # of two with the same key the first counts
        return {(row.practice_area, row.topic, row.jurisdiction): row for row in rows}

    @cached_property
    def _authorities_by_topic(self) -> dict[tuple[str, str], tuple[Authority, ...]]:
        found: dict[tuple[str, str], tuple[Authority, ...]] = {}
        for row in self.authorities:
            for key in dict.fromkeys(row.topics):
                found[row.jurisdiction, key] = (*found.get((row.jurisdiction, key), ()), row)
        return found

    def requirements(self, kind: SampleType, difficulty: Difficulty) -> Requirements:
        """Merge what *difficulty* asks with what *kind* sets for itself."""

        def own(value: int | None, general: int) -> int:
            return general if value is None else value

        return Requirements(
            min_words=own(kind.min_words, difficulty.min_words),
            max_words=kind.max_words,
            min_citations=own(kind.min_citations, difficulty.min_citations),
            min_steps=own(kind.min_steps, difficulty.min_reasoning_steps),
            max_steps=own(kind.max_steps, difficulty.max_reasoning_steps),
            min_reasoning_chars=own(kind.min_reasoning_chars, difficulty.min_reasoning_chars),
        )


def load_catalogue(folder: Path) -> Catalogue:
    """Read and check the whole catalogue.

    Raises:
        ConfigurationError: with file and line of every fault of the first faulty table.
    """
    catalogue = Catalogue(
        jurisdictions=_rows(folder / "jurisdictions.toml", "jurisdiction", Jurisdiction),
        difficulties=_rows(folder / "difficulties.toml", "difficulty", Difficulty),
        topics=_rows_of_folder(folder / "topics", "topic", Topic),
        sample_types=_sample_types(folder / "sample_types"),
        authorities=_rows_of_folder(folder / "authorities", "authority", Authority),
        providers=_rows(folder / "providers.toml", "provider", ProviderInfo),
        models=_rows(folder / "models.toml", "model", ModelInfo),
        diversity=_diversity(folder / "prompts" / "diversity.toml"),
        starter=_starter(folder / "starter"),
        folder=folder,
    )
    _check_references(catalogue)
    return catalogue


def _rows(path: Path, table: str, model: type[M], extra: dict[str, object] | None = None) -> tuple[M, ...]:
    content, text = read_toml(path)
    tables = content.get(table)
    if not isinstance(tables, list) or not tables:
        raise ConfigurationError(f"catalogue: {path}:1: no [[{table}]] table; the file needs at least one")
    return tuple(build(model, {**row, **(extra or {})}, path, text, table, n) for n, row in enumerate(tables))


def _rows_of_folder(folder: Path, table: str, model: type[M]) -> tuple[M, ...]:
    rows: list[M] = []
    for path in _files(folder, "*.toml"):
        jurisdiction = read_toml(path)[0].get("jurisdiction")
        if not isinstance(jurisdiction, str):
            raise ConfigurationError(f'catalogue: {path}:1: no jurisdiction; add a line such as jurisdiction = "uk"')
        rows.extend(_rows(path, table, model, {"jurisdiction": jurisdiction}))
    return tuple(rows)


def _sample_types(folder: Path) -> tuple[SampleType, ...]:
    kinds = []
    for path in _files(folder, "*.md"):
        content, text = read_front_matter(path)
        row = {**content, "id": path.stem, "template": template_body(text)}
        kinds.append(build(SampleType, row, path, text))
    return tuple(sorted(kinds, key=lambda kind: kind.order))


def _diversity(path: Path) -> dict[str, tuple[str, ...]]:
    content, _ = read_toml(path)
    return {name: tuple(values) for name, values in content.items() if isinstance(values, list)}


def _starter(folder: Path) -> tuple[StarterSample, ...]:
    rows = [row for path in sorted(folder.glob("*.toml")) for row in _rows(path, "sample", StarterSample)]
    return tuple(
        row.model_copy(update={"answer": row.answer.strip(), "reasoning": row.reasoning.strip()}) for row in rows
    )


def _files(folder: Path, pattern: str) -> list[Path]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise ConfigurationError(f"catalogue: {folder}: no {pattern} files; check CATALOG_DIR")
    return paths


def _find(rows: Iterable[M], name: str, what: str) -> M:
    rows = tuple(rows)
    for row in rows:
        if getattr(row, "id", None) == name:
            return row
    known = ", ".join(str(getattr(row, "id", "")) for row in rows)
    raise InputError(f"{what}: got {name!r}, want one of {known}")


def _check_references(catalogue: Catalogue) -> None:
    """Refuse rows that name rows which do not exist, and duplicates."""
    jurisdictions = {row.id for row in catalogue.jurisdictions}
    levels = {row.id for row in catalogue.difficulties}
    keys = {(topic.jurisdiction, topic.key) for topic in catalogue.topics}
    providers = {row.id for row in catalogue.providers}
    faults = [
        f"topic {topic.key}: unknown difficulty {topic.difficulty}"
        for topic in catalogue.topics
        if topic.difficulty not in levels
    ]
    faults += [f"topic {t.key}: unknown jurisdiction" for t in catalogue.topics if t.jurisdiction not in jurisdictions]
    faults += [
        f"authority {row.cite}: unknown topic {key}"
        for row in catalogue.authorities
        for key in row.topics
        if (row.jurisdiction, key) not in keys
    ]
    faults += [
        f"model {row.id}: unknown provider {row.provider}" for row in catalogue.models if row.provider not in providers
    ]
    faults += [
        f"provider {row.id}: default_model {row.default_model} is not in models.toml"
        for row in catalogue.providers
        if row.default_model not in {model.id for model in catalogue.models_of(row.id)}
    ]
    faults += [
        f"starter sample {row.id}: unknown topic {row.topic} ({row.jurisdiction})"
        for row in catalogue.starter
        if (row.jurisdiction, row.topic) not in keys or row.difficulty not in levels
    ]
    if len(keys) != len(catalogue.topics):
        faults.append("topics: the same area and topic stands twice in a jurisdiction")
    if faults:
        raise ConfigurationError(f"catalogue: {catalogue.folder}: " + "; ".join(faults))
