"""Sessions: begun, ended, listed, shown and deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.assistant.stores import AssistantStores
from models.contract.answers.assistant_memory import AuditEventInfo, SessionInfo, SessionSummary, TurnInfo
from models.contract.assistant_bodies import SessionsArguments, SessionStart
from services.assistant.answers import event_info, session_info, summary_info, turn_info
from services.assistant.titles import title_of


@dataclass(frozen=True, slots=True)
class SessionDetail:
    """A session with its last turns and events, oldest first; events are None where they were not asked for."""

    session: SessionInfo
    summary: SessionSummary | None
    history: list[TurnInfo]
    events: list[AuditEventInfo] | None


class SessionService:
    """Thread-safe. A user is a label: it parts the lists, and keeps nobody from a session whose id one knows."""

    def __init__(self, stores: AssistantStores, forget: Callable[[Sequence[str]], None]) -> None:
        """Keep sessions in *stores*; *forget* deletes runs by their ids."""
        self._stores = stores
        self._forget = forget

    def start(self, wanted: SessionStart, user_id: str, query: str = "") -> SessionInfo:
        """Begin a session; without a title it is called by *query*, which begins it."""
        title = " ".join((wanted.title or "").split()) or title_of(query)
        return session_info(self._stores.sessions.start(user_id, title, wanted.metadata))

    def end(self, session_id: str) -> SessionInfo:
        """End a session, once; NotFoundError when there is none."""
        return session_info(self._stores.sessions.end(session_id))

    def some(self, wanted: SessionsArguments, user_id: str) -> tuple[list[SessionInfo], int]:
        """Return sessions of a user, the last used first, and how many there are."""
        found, total = self._stores.sessions.some(user_id, wanted.limit, wanted.offset, wanted.status)
        return [session_info(one) for one in found], total

    def get(self, session_id: str, limit: int, *, include_events: bool) -> SessionDetail:
        """Return a session with its last turns, and its last events if asked for; NotFoundError when there is none."""
        session = self._stores.sessions.get(session_id)
        summary = self._stores.summaries.newest(session_id)
        events = self._stores.events.of_session(session_id, limit) if include_events else None
        return SessionDetail(
            session_info(session),
            None if summary is None else summary_info(summary),
            [turn_info(turn) for turn in self._stores.turns.of_session(session_id, limit)],
            None if events is None else [event_info(event) for event in events],
        )

    def delete(self, session_id: str) -> tuple[int, int]:
        """Delete a session with its turns, their runs and summaries; its events stay, emptied of what was said.

        Returns:
            How many turns went, and how many events stay.

        Raises:
            NotFoundError: there is no such session.
        """
        gone = self._stores.sessions.delete(session_id)
        self._forget(gone.run_ids)
        return gone.turns, gone.kept_events
