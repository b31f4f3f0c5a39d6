"""One query under way: what was asked, what the agents found, what is answered. The only place of its state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.contract.answers.assistant_data import DatasetAnswer, ProductMatch
from models.contract.answers.query import (
    AgentFailure,
    AttachmentRead,
    Grounding,
    QueryCitation,
    ShoppingStatus,
)
from models.contract.query_bodies import QueryBody
from services.assistant.bundle import Bundle
from services.assistant.intents import Intent
from services.assistant.research.provisions import NOTHING_FOUND, Provisions
from services.llm.adapters.base import Completion
from services.llm.adapters.pictures import Picture
from services.llm_service import Preference
from services.streams.run import Run
from utils.cancellation import CancelToken


@dataclass(slots=True)
class Talk:
    """One query.

    Attributes:
        preference: Who may write.
        cancel: Ends it.
        before: The answer to the query before it in its session, as its run kept it; {} for none.
        read: What was read of attachments: name and text.
        pictures: Those that the writer is shown.
        failures: What an agent could not do; the answer tells it.
        response: The answer so far; "" until somebody answers.
        to_offer: What the query says to a batch that was offered; "" where it says neither yes nor no.
        refused: Whether the answer says that the documents do not hold one.
        found: Provisions for the writer.
        state: What the next query of the session is told, such as where a guided choice is.
    """

    wanted: QueryBody
    user_id: str
    session_id: str
    run: Run
    preference: Preference
    cancel: CancelToken
    before: Mapping[str, object] = field(default_factory=dict)
    intent: Intent | None = None
    bundle: Bundle | None = None
    read: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[AttachmentRead] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    failures: list[AgentFailure] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    response: str = ""
    citations: list[QueryCitation] = field(default_factory=list)
    grounding: Grounding | None = None
    dataset: DatasetAnswer | None = None
    cards: list[ProductMatch] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    shopping: ShoppingStatus | None = None
    state: dict[str, object] = field(default_factory=dict)
    draft_batch: dict[str, object] | None = None
    batch_id: str | None = None
    completion: Completion | None = None
    tokens: int = 0
    to_offer: Literal["", "yes", "no"] = ""
    refused: bool = False
    warnings: list[str] = field(default_factory=list)
    found: Provisions = NOTHING_FOUND

    @property
    def intent_name(self) -> str:
        """What is wanted."""
        return self.intent.name if self.intent is not None else "general"

    @property
    def needs_research(self) -> bool:
        """Whether something is to be looked up: also where documents were named or shall alone be believed."""
        wanted = self.wanted
        asks = self.intent_name in ("citation_check", "document_question", "dataset_query")
        return asks or wanted.answer_mode == "docs_only" or bool(wanted.file_ids)

    def say(self, text: str) -> None:
        """Answer *text*, which no model wrote."""
        self.response = f"{self.response}{text}"
        self.run.tell("token", content=text)

    def take_back(self, reason: str) -> None:
        """Put what was answered aside, and tell why; what follows is another answer."""
        self.response = ""
        self.citations = []
        self.run.begin_anew()
        self.run.tell("status", status="refused", reason=reason)

    def cite(self, citation: QueryCitation) -> None:
        """Name a source of the answer."""
        self.citations.append(citation)
        self.run.tell("citation", **citation)
