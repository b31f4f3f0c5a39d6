"""What the assistant keeps, as answers tell it. Pure functions."""

from models.assistant.rows import AuditEvent, Memory, Session, Summary, Turn
from models.contract.answers.assistant_memory import (
    AuditEventInfo,
    MemoryInfo,
    SessionInfo,
    SessionSummary,
    TurnInfo,
)


def session_info(session: Session) -> SessionInfo:
    """Return a session as answers tell it."""
    return {
        "session_id": session.id,
        "user_id": session.user_id,
        "title": session.title,
        "status": session.status,
        "metadata": dict(session.metadata),
        "started_at": session.started_at,
        "last_at": session.last_at,
        "ended_at": session.ended_at,
        "turns": session.turns,
    }


def turn_info(turn: Turn) -> TurnInfo:
    """Return a turn as answers tell it."""
    return {
        "id": turn.id,
        "session_id": turn.session_id,
        "user_id": turn.user_id,
        "at": turn.at,
        "query": turn.query,
        "response": turn.response,
        "intent": turn.intent,
        "citations": [dict(one) for one in turn.citations],
        "provider": turn.provider,
        "model": turn.model,
        "tokens": turn.tokens,
        "run_id": turn.run_id,
    }


def event_info(event: AuditEvent) -> AuditEventInfo:
    """Return an event as answers tell it."""
    return {
        "id": event.id,
        "event_id": event.event_id,
        "user_id": event.user_id,
        "session_id": event.session_id,
        "type": event.type,
        "at": event.at,
        "text": event.text,
        "sample_id": event.sample_id,
        "detail": dict(event.detail),
    }


def memory_info(memory: Memory) -> MemoryInfo:
    """Return a memory as answers tell it."""
    return {
        "user_id": memory.user_id,
        "key": memory.key,
        "value": memory.value,
        "created_at": memory.created_at,
        "updated_at": memory.updated_at,
    }


def summary_info(summary: Summary) -> SessionSummary:
    """Return a summary as answers tell it."""
    return {
        "text": summary.text,
        "made_by": summary.made_by,
        "model": summary.model,
        "reason": summary.reason,
        "turns": summary.turns,
        "upto": summary.upto,
        "at": summary.at,
    }
