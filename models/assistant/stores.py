"""All that the assistant keeps, opened together."""

from dataclasses import dataclass

from sqlalchemy import Engine

from models.assistant.audit_store import AuditStore
from models.assistant.memory_store import MemoryStore
from models.assistant.session_store import SessionStore
from models.assistant.summary_store import SummaryStore
from models.assistant.turn_store import TurnStore
from models.engines.writer import Writer
from utils.clock import Clock


@dataclass(frozen=True, slots=True)
class AssistantStores:
    """The stores of the assistant."""

    sessions: SessionStore
    turns: TurnStore
    events: AuditStore
    memories: MemoryStore
    summaries: SummaryStore


def assistant_stores(engine: Engine, writer: Writer, clock: Clock) -> AssistantStores:
    """Return the stores over *engine*, all of whose changes are *writer*'s."""
    parts = (engine, writer, clock)
    return AssistantStores(
        SessionStore(*parts), TurnStore(*parts), AuditStore(*parts), MemoryStore(*parts), SummaryStore(*parts)
    )
