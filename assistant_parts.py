"""Composition root of the assistant: settings in, its services out."""

from collections.abc import Callable
from dataclasses import dataclass

from config import Settings
from grounding_parts import Grounding
from models.stores import Stores
from product_parts import Products
from services.assistant.agents.coordinator import Coordinator
from services.assistant.agents.graph import AgentName
from services.assistant.agents.memory import Memory
from services.assistant.agents.product import Product
from services.assistant.agents.researcher import Researcher
from services.assistant.agents.shopping import ShoppingAgent
from services.assistant.agents.vision import Vision
from services.assistant.agents.walk import Agent, Walk
from services.assistant.agents.writer import Writer
from services.assistant.assistant import Assistant
from services.assistant.audit_service import AuditService
from services.assistant.bundle import Bundles
from services.assistant.history import History
from services.assistant.intent_catalogue import load_intent_catalogue
from services.assistant.intents import IntentClassifier
from services.assistant.likeness import Likeness
from services.assistant.memory_service import MemoryService
from services.assistant.query_service import QueryService
from services.assistant.research.provisions import ProvisionFinder
from services.assistant.session_service import SessionService
from services.assistant.summariser import Summariser, SummaryModel
from services.assistant.turn_embedding import TurnEmbedding
from services.assistant.turn_upkeep import TurnUpkeep
from services.assistant.vocabulary import vocabulary_of
from services.batch_service import BatchService
from services.catalogue.catalogue import Catalogue
from services.catalogue.files import read_tables
from services.catalogue.rows import ChatPrompt
from services.citations.checker import CitationChecker
from services.citations.on_demand import ExtractorOnDemand
from services.grounding.proof import Prover
from services.grounding.retrieval.embedding.embedder import Embedder
from services.llm_service import LLMService
from services.quality.review_service import ReviewService
from services.streams.run_service import RunService
from utils.clock import Clock
from utils.tokens import TokenCounter


def build_assistant(
    settings: Settings,
    stores: Stores,
    llm: LLMService,
    reviews: ReviewService,
    embedder: Callable[[], Embedder | None],
) -> Assistant:
    """Wire the assistant; starts no thread. *embedder* is asked whenever something is embedded."""
    kept = stores.assistant
    model = SummaryModel(settings.assistant_summary_model, llm, stores.calls)
    upkeep = TurnUpkeep(TurnEmbedding(kept.turns, embedder), Summariser(kept, model))
    return Assistant(
        sessions=SessionService(kept, stores.runs.delete),
        audit=AuditService(kept.events, reviews),
        memories=MemoryService(kept.memories),
        history=History(kept.turns, upkeep.wake),
        bundles=Bundles(kept, Likeness(kept.turns, embedder), TokenCounter(), settings.assistant_context_tokens),
        upkeep=upkeep,
    )


@dataclass(frozen=True)
class Found:
    """What the agents look things up in."""

    grounding: Grounding
    checker: CitationChecker
    prover: Prover
    sold: Products


@dataclass(frozen=True)
class Way:
    """What a query goes through to a model, or to a batch."""

    llm: LLMService
    runs: RunService
    batches: BatchService
    clock: Clock


def build_queries(
    settings: Settings, catalogue: Catalogue, found: Found, assistant: Assistant, way: Way
) -> QueryService:
    """Wire the agents."""
    sold, checker, batches = found.sold, found.checker, way.batches
    texts = read_tables(settings.catalog_dir / "prompts" / "assistant.toml", ChatPrompt)
    provisions = ProvisionFinder(found.grounding.retrieval, found.grounding.grounder)
    phrases, reader = load_intent_catalogue(catalogue.folder), ExtractorOnDemand(lambda: checker.extractor)
    intents = IntentClassifier(phrases, reader, vocabulary_of(catalogue))
    agents: dict[AgentName, Agent] = {
        "coordinator": Coordinator(intents, sold.questions.vocabulary, lambda: provisions.has_documents),
        "vision": Vision(found.grounding.read, way.llm),
        "memory": Memory(assistant.bundles),
        "researcher": Researcher(provisions, checker, sold.questions, way.llm),
        "product": Product(
            sold.products, sold.shopping, batches.plan, lambda wanted: batches.start(wanted)["batch_id"]
        ),
        "shopping": ShoppingAgent(sold.shopping, batches.plan),
        "writer": Writer(way.llm, way.runs, found.prover, checker, texts),
    }
    documents = found.grounding.documents
    return QueryService(
        Walk(agents, way.clock),
        assistant,
        way.runs,
        way.llm,
        way.clock,
        settings.answer_timeout_s,
        documents.has,
    )
