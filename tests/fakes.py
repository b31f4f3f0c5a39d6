"""Builders shared by the tests: settings for a temporary folder, a platform, a scripted way to models."""

import hashlib
import math
import re
import shutil
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from bootstrap import Service
from config import PROJECT_DIR, Settings
from models.catalogue.authority_store import AuthorityStore
from models.contract.answers.batches import Batch
from models.grounding.document_store import DocumentStore
from models.grounding.library import Library
from models.grounding.passage_store import PassageStore
from services.catalogue.catalogue import Catalogue, ProviderInfo, load_catalogue
from services.citations.checker import CitationChecker
from services.grounding.ground import Grounder
from services.grounding.proof import Prover
from services.grounding.retrieval_service import RetrievalService
from services.grounding.vector_index import VectorIndex
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, CompletionRequest, ProviderConfig
from services.llm.adapters.scripted import ScriptedProvider, Step
from services.llm.limits.accounts import Accounts
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.routing.factory import Credentials, LLMProviderFactory
from services.llm.routing.roster import Roster, RosterState
from services.llm.routing.router import Target
from services.llm_service import LLMService
from services.quality.benchmarks import Benchmarks
from services.quality.duplicates.duplicate_service import Alike, DuplicateService
from services.quality.examiner import CitationPolicy, Examiner, ExaminerSettings
from side import build_checker
from tests.databases import KIND, database_url, engine_for
from tests.layouts import LAYOUT, shards_of
from tests.patience import PATIENCE_S
from tests.vendors.writer import NO_VERDICTS, write_json, write_judgement
from utils.clock import Clock, ManualClock

T = TypeVar("T")
CATALOG = PROJECT_DIR / "catalog"
CATALOGUE: Catalogue = load_catalogue(CATALOG)
ROSTER = Roster(RosterState(CATALOGUE.providers, CATALOGUE.models, {}))
SAMPLE: dict[str, Any] = {
    "id": "s1",
    "question": "Is it an offer?",
    "answer": "It is an invitation to treat.",
    "topic": "Contract Law - Formation of Contracts",
    "difficulty": "basic",
    "case_citation": "Fisher v Bell [1961] 1 QB 394",
    "reasoning": "Step 1: display → no offer → invitation",
}


class NoDuplicates(DuplicateService):
    """Lets every sample in."""

    def __init__(self) -> None:
        """Hold nothing."""

    def admit(self, sample: Mapping[str, Any], owner: str) -> list[Alike]:
        return []

    def renew(self, sample: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def forget(self, sample_id: str) -> None:
        """Have nothing to forget."""


CHECKER: CitationChecker = build_checker(
    Settings(_env_file=None),
    CATALOGUE,
    AuthorityStore(Path("/nowhere/authorities.db")),
    Library(Path("/nowhere/documents.db")),
)


def no_law() -> Prover:
    """Return a prover without documents."""
    library = Library(Path("/nowhere/documents.db"))
    store, passages = DocumentStore(library, ManualClock()), PassageStore(library)
    retrieval = RetrievalService(store, passages, VectorIndex(passages, lambda: None), lambda: None)
    return Prover(Grounder(store, passages, retrieval))


def examiner(
    policy: CitationPolicy = "no_invalid", duplicates: DuplicateService | None = None, folder: Path = Path("/nowhere")
) -> Examiner:
    """Return an examiner without a data set behind it."""
    settings = ExaminerSettings(policy)
    return Examiner(CHECKER, duplicates or NoDuplicates(), Benchmarks(folder), no_law(), settings)


KEYS = {"groq_api_key": "gsk_test_0123456789", "cerebras_api_key": "csk-test-0123456789"}
Start = Callable[..., Service]


def run(platform: Service, **request: Any) -> Batch:
    batch = platform.batches.start_batch(**{"count": 6, "provider": "groq", **request})
    assert platform.batches.wait(batch["batch_id"], PATIENCE_S)
    return platform.batches.get_status(batch["batch_id"])


def without_limits(catalogue: Catalogue) -> Catalogue:
    """Return *catalogue* with limits that no test reaches."""
    fast = {"requests_per_minute": 100_000, "tokens_per_minute": 100_000_000}
    return replace(catalogue, providers=tuple(row.model_copy(update=fast) for row in catalogue.providers))


def catalog_without_limits(folder: Path) -> Path:
    """Copy the catalogue's files to *folder*, with limits that no test reaches."""
    copy = Path(shutil.copytree(CATALOG, folder / "catalog"))
    text = re.sub(r"requests_per_minute = \d+", "requests_per_minute = 100000", (copy / "providers.toml").read_text())
    (copy / "providers.toml").write_text(re.sub(r"tokens_per_minute = \d+", "tokens_per_minute = 100000000", text))
    return copy


def provider_info(name: str) -> ProviderInfo:
    """Return the catalogue's provider *name*."""
    info = CATALOGUE.provider(name)
    assert info is not None
    return info


_KEPT: dict[Hashable, Any] = {}


def kept_once(key: Hashable, make: Callable[[], Any]) -> Any:
    """Return what *make* returned for *key* in this run."""
    if key not in _KEPT:
        _KEPT[key] = make()
    return _KEPT[key]


def kept_by_files(read: Callable[..., T]) -> Callable[..., T]:
    """Return *read*, which reads the folder that it is given first, so that each state of it is read once."""

    def reading(folder: Path, *more: object) -> T:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        state = hashlib.sha256()
        for path in files:
            state.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
        key = (read, state.digest(), *map(id, more))
        # Some files are read later: what was read of a folder that is gone is of no use.
        if key in _KEPT and not _KEPT[key][1].exists():
            del _KEPT[key]
        return cast("T", kept_once(key, lambda: (read(folder, *more), folder, more))[0])

    return reading


def sample(**changes: Any) -> dict[str, Any]:
    """Return a valid sample with *changes*."""
    return {**SAMPLE, **changes}


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Return settings that touch nothing outside *folder* and read no environment."""
    values: dict[str, Any] = {"data_dir": folder, "model_dir": folder / "models", "log_level": "ERROR", **changes}
    if KIND != "sqlite":
        values.setdefault("database_uri", database_url(folder))
    if LAYOUT != "file":
        values.setdefault("data_url", shards_of(folder))
    values.setdefault("batch_engine", engine_for(str(values.get("database_uri", ""))))
    return Settings(_env_file=None, **values)


def good_answer(request: CompletionRequest) -> str:
    """Answer *request* as a good model would."""
    return write_json(request.messages[-1]["content"])


def judgement_for(
    request: CompletionRequest, value: int, verdicts: Mapping[str, Mapping[str, str]] = NO_VERDICTS
) -> str:
    """Answer *request* as a good judge would that gives *value* for each point; as `write_judgement`."""
    return write_judgement(request.messages[-1]["content"], value, verdicts)


def scripted_llm(
    scripts: Mapping[str, Sequence[Step]],
    clock: Clock | None = None,
    timeout_s: float = 60.0,
    catalogue: Catalogue = CATALOGUE,
) -> tuple[LLMService, dict[str, ScriptedProvider]]:
    """Return a way to models whose providers play *scripts*, by provider id.

    Nothing paces its calls: several may leave at one moment of a clock that stands still.
    """
    made: dict[str, ScriptedProvider] = {}

    def factory_of(config: ProviderConfig) -> BaseLLMProvider:
        made[config.id] = ScriptedProvider(config, scripts[config.id])
        return made[config.id]

    adapters = {provider_info(name).adapter for name in scripts}
    specs = [AdapterSpec(adapter, factory_of) for adapter in adapters]
    credentials = {name: Credentials(api_key="k") for name in scripts}
    factory = LLMProviderFactory(
        Roster(RosterState(catalogue.providers, catalogue.models, credentials)), specs, timeout_s
    )
    for name in scripts:
        factory.get_provider(name)
    the_clock = clock or ManualClock()
    accounts = Unpaced(factory.is_own_server)
    return LLMService(factory, the_clock, timeout_s=timeout_s, accounts=accounts), made


class Unpaced(Accounts):
    """Limiters whose minutes alone hold calls up."""

    def _make(self, target: Target) -> RateLimiter:
        made = super()._make(target)
        made.calls.rate = made.tokens.rate = math.inf
        return made
