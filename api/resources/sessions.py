"""Sessions with the assistant, the audit trail, the history of queries."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from api.edge.users import user_of
from models.contract.answers.assistant_memory import (
    EventAnswer,
    EventsAnswer,
    SessionAnswer,
    SessionDeletedAnswer,
    SessionDetailAnswer,
    SessionsAnswer,
    TurnHistoryAnswer,
)
from models.contract.assistant_bodies import (
    EventBody,
    EventsArguments,
    SessionArguments,
    SessionsArguments,
    SessionStart,
    TurnHistoryArguments,
)
from models.contract.bodies import NoFields

_TAG = "Assistant"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*; clients of an earlier platform say session and log_event."""
    routes = Blueprint(f"{name}_sessions", __name__)
    routes.get("/sessions")(sessions)
    for word in ("sessions", "session"):
        routes.post(f"/{word}/start")(start)
        routes.post(f"/{word}/<session_id>/end")(end)
        routes.get(f"/{word}/<session_id>")(session)
        routes.delete(f"/{word}/<session_id>")(delete)
    for word in ("events", "log_event"):
        routes.post(f"/{word}")(add_event)
    routes.get("/events")(events)
    routes.get("/query/history")(history)
    return routes


@Endpoint(tag=_TAG)
def start(body: SessionStart) -> SessionAnswer:
    """Begin a session."""
    made = services().assistant.sessions.start(body, user_of(body.user_id))
    return {"success": True, "session_id": made["session_id"], "session": made}


@Endpoint(tag=_TAG, errors=(404,))
def end(session_id: str, body: NoFields) -> SessionAnswer:  # it has no fields
    """End a session; one that has ended stays as it is."""
    return {"success": True, "session_id": session_id, "session": services().assistant.sessions.end(session_id)}


@Endpoint(tag=_TAG)
def sessions(query: SessionsArguments) -> SessionsAnswer:
    """List the sessions of a user, the last used first."""
    found, total = services().assistant.sessions.some(query, user_of(query.user_id))
    return {"success": True, "sessions": found, "count": len(found), "total": total}


@Endpoint(tag=_TAG, errors=(404,))
def session(session_id: str, query: SessionArguments) -> SessionDetailAnswer:
    """Return a session with its summary and last turns, and its events if asked for."""
    found = services().assistant.sessions.get(session_id, query.limit, include_events=query.include_events)
    return {
        "success": True,
        "session_id": session_id,
        "session": found.session,
        "summary": found.summary,
        "history": found.history,
        "events": found.events,
    }


@Endpoint(tag=_TAG, errors=(404,))
def delete(session_id: str) -> SessionDeletedAnswer:
    """Delete a session with its turns and summaries; its events stay, without their text."""
    turns, events = services().assistant.sessions.delete(session_id)
    return {
        "success": True,
        "session_id": session_id,
        "deleted_turns": turns,
        "kept_events": events,
        "message": "Deleted with all that was said in it; what was done stays in the audit trail",
    }


@Endpoint(tag=_TAG, errors=(404,))
def add_event(body: EventBody) -> EventAnswer:
    """Keep an event in the audit trail; a decision about a sample is its review at the same time."""
    event, is_repeated = services().assistant.audit.add(body, user_of(body.user_id))
    return {"success": True, "event": event, "is_repeated": is_repeated}


@Endpoint(tag=_TAG)
def events(query: EventsArguments) -> EventsAnswer:
    """List a user's events, oldest first."""
    found, cursor = services().assistant.audit.some(query, user_of(query.user_id))
    return {"success": True, "events": found, "count": len(found), "next_cursor": cursor}


@Endpoint(tag=_TAG)
def history(query: TurnHistoryArguments) -> TurnHistoryAnswer:
    """List a user's queries with their answers, newest first."""
    found, before = services().assistant.history.some(query, user_of(query.user_id))
    return {"success": True, "history": found, "count": len(found), "next_before": before}
