"""The audit trail: what people did, kept once; decisions about samples are reviews at the same time."""

from models.assistant.audit_store import AuditStore, RepeatedEventError
from models.assistant.rows import AuditEvent, NewEvent
from models.contract.answers.assistant_memory import AuditEventInfo
from models.contract.assistant_bodies import EventBody, EventsArguments
from models.contract.bodies import Review
from models.fields import validated
from services.assistant.answers import event_info
from services.drafts.thinking import split_thinking
from services.quality.review_service import ReviewService

_DECISIONS = {"sample_accepted": "accept", "sample_rejected": "reject", "sample_edited": "edit"}


class AuditService:
    """Thread-safe."""

    def __init__(self, events: AuditStore, reviews: ReviewService) -> None:
        self._events = events
        self._reviews = reviews

    def add(self, wanted: EventBody, user_id: str) -> tuple[AuditEventInfo, bool]:
        """Keep an event, and whether it was there already: the first one with the client's id counts.

        A decision about a stored sample is recorded as a review in the same transaction: both are kept, or neither.

        Raises:
            NotFoundError: there is no such session or sample.
            InputError: the review is refused.
            ConflictError: the client's id was given to another event.
        """
        event = _event(wanted, user_id)
        known = self._events.known(event)
        if known is not None:
            return event_info(known), True
        try:
            return event_info(self._keep(wanted, event)), False
        except RepeatedEventError as repeated:  # another request brought it meanwhile
            return event_info(repeated.event), True

    def some(self, wanted: EventsArguments, user_id: str) -> tuple[list[AuditEventInfo], str | None]:
        """Return a page of a user's events, oldest first, and the cursor of the next one."""
        found = self._events.some(
            user_id,
            wanted.limit + 1,
            kind=wanted.type,
            session_id=wanted.session_id,
            since=wanted.since,
            after=wanted.cursor,
        )
        page = found[: wanted.limit]
        return [event_info(event) for event in page], str(page[-1].id) if len(found) > len(page) else None

    def _keep(self, wanted: EventBody, event: NewEvent) -> AuditEvent:
        decision = _DECISIONS.get(wanted.type)
        if decision is None or wanted.sample_id is None:
            return self._events.add(event)
        told = {
            "decision": decision,
            "reason": wanted.reason or wanted.text.strip()[:4000] or f"{wanted.type} by {event.user_id}",
            "reviewer": event.user_id,
            "changes": wanted.changes,
        }
        kept: list[AuditEvent] = []
        self._reviews.review(wanted.sample_id, validated(Review, told), self._events.recorder(event, kept))
        return kept[-1]  # a transaction that another change broke is run again


def _event(wanted: EventBody, user_id: str) -> NewEvent:
    told = {"reason": wanted.reason, "changes": wanted.changes}
    said = split_thinking(wanted.text)[0] if wanted.type == "model_response" else wanted.text
    return NewEvent(
        user_id=user_id,
        type=wanted.type,
        event_id=wanted.event_id,
        session_id=wanted.session_id,
        text=said,
        sample_id=wanted.sample_id,
        detail={**wanted.detail, **{name: value for name, value in told.items() if value}},
    )
