"""The room of the assistant: what it keeps, and what it is told of it."""

from dataclasses import dataclass

from services.assistant.audit_service import AuditService
from services.assistant.bundle import Bundles
from services.assistant.history import History
from services.assistant.memory_service import MemoryService
from services.assistant.session_service import SessionService
from services.assistant.turn_upkeep import TurnUpkeep


@dataclass(frozen=True, slots=True)
class Assistant:
    """One attribute for each subject; `upkeep` is started and ended with the platform."""

    sessions: SessionService
    audit: AuditService
    memories: MemoryService
    history: History
    bundles: Bundles
    upkeep: TurnUpkeep
