"""Queries: each is a run whose agents find and write the answer; its turn is kept when it is done."""

from collections.abc import Callable, Mapping
from typing import cast

from models.assistant.rows import NewTurn
from models.contract.answers.assistant_memory import EventType
from models.contract.answers.query import AgentsAnswer, AnswerThought, IntentFacts, QueryReply
from models.contract.assistant_bodies import EventBody, SessionStart
from models.contract.query_bodies import QueryBody
from models.fields import validated
from services.assistant.agents.drawing import drawn
from services.assistant.agents.graph import EDGES, MOST_STEPS, NODES
from services.assistant.agents.talk import Talk
from services.assistant.agents.walk import Walk
from services.assistant.assistant import Assistant
from services.drafts.text import steps_of
from services.llm.adapters.base import Completion
from services.llm_service import LLMService, Preference
from services.streams.run import Run
from services.streams.run_service import RunService
from utils.cancellation import time_limit
from utils.clock import Clock
from utils.errors import InputError, NotFoundError

_KIND = "query"


class QueryService:
    """Answers queries. Thread-safe."""

    def __init__(  # noqa: PLR0913, PLR0917  # what a query needs
        self,
        walk: Walk,
        assistant: Assistant,
        runs: RunService,
        llm: LLMService,
        clock: Clock,
        time_limit_s: float,
        is_document: Callable[[str], bool],
    ) -> None:
        self._walk = walk
        self._is_document = is_document
        self._assistant = assistant
        self._runs = runs
        self._llm = llm
        self._clock = clock
        self._time_limit_s = time_limit_s

    def start(self, wanted: QueryBody, user_id: str, key: str | None = None) -> str:
        """Begin the run that answers *wanted*; return its id. Bad input is refused before it begins.

        Raises:
            InputError: a model that is named cannot be used.
            NotFoundError: there is no such session.
            UnavailableError, ConflictError: as of `RunService.start`.
        """
        preference = Preference(wanted.model_provider or "", wanted.model_name, allow_failover=not wanted.model_name)
        if wanted.names_model:
            self._llm.check(preference)
        if wanted.session_id:
            self._check_session(wanted.session_id, user_id)
        self._check_documents(wanted)
        request = wanted.model_dump(exclude_none=True, exclude={"attachments"}, mode="json")
        request["attachments"] = [one.name or one.file_id for one in wanted.attachments]
        return self._runs.start(_KIND, request, lambda run: self._answer(run, wanted, user_id, preference), key)

    def whole(self, wanted: QueryBody, user_id: str, key: str | None = None) -> QueryReply:
        """Answer *wanted* as a whole; errors as `start`, and why there is no answer."""
        return cast("QueryReply", self._runs.outcome(self.start(wanted, user_id, key)))

    def under_way(self, session_id: str) -> str | None:
        """Return the id of the run that answers in a session now; None where none does."""
        for run_id, request in self._runs.under_way_anywhere(_KIND):
            if request.get("session_id") == session_id:
                return run_id
        return None

    def graph(self) -> AgentsAnswer:
        """Return the graph of agents."""
        return {
            "success": True,
            "nodes": [{"name": one.name, "purpose": one.purpose, "needs_model": one.needs_model} for one in NODES],
            "edges": [{"source": one.source, "target": one.target, "when": one.when} for one in EDGES],
            "start": NODES[0].name,
            "max_steps": MOST_STEPS,
        }

    def picture(self) -> str:
        """Return the graph as SVG."""
        return drawn()

    # --- inside --------------------------------------------------------------------------

    def _answer(self, run: Run, wanted: QueryBody, user_id: str, preference: Preference) -> Mapping[str, object]:
        began = self._clock.monotonic()
        session_id = wanted.session_id or self._assistant.sessions.start(SessionStart(), user_id)["session_id"]
        before = self._before(user_id, session_id) if wanted.session_id else {}
        self._note("prompt", run, user_id, session_id, wanted.query)
        with time_limit(self._time_limit_s, "the answer (setting ANSWER_TIMEOUT_S)", run.cancel) as cancel:
            talk = Talk(wanted, user_id, session_id, run, preference, cancel, before)
            self._walk.go(talk)
        turn_id = self._assistant.history.add(_turn(talk))
        self._note("model_response", run, user_id, session_id, talk.response)
        return cast("Mapping[str, object]", self._reply(talk, turn_id, round(self._clock.monotonic() - began, 2)))

    def _check_session(self, session_id: str, user_id: str) -> None:
        session = self._assistant.sessions.get(session_id, 1, include_events=False).session
        if session["user_id"] != user_id:
            raise InputError(f"session_id: {session_id[:80]!r} is another user's; leave it out to begin one")

    def _check_documents(self, wanted: QueryBody) -> None:
        named = [("file_ids", file_id) for file_id in wanted.file_ids]
        named += [(f"attachments.{place}.file_id", one.file_id) for place, one in enumerate(wanted.attachments)]
        for where, file_id in named:
            if file_id and not self._is_document(file_id):
                raise InputError(f"{where}: {file_id[:80]!r} is not here; GET /api/files lists those that are")

    def _note(self, kind: EventType, run: Run, user_id: str, session_id: str, text: str) -> None:
        """Write what was asked and answered into the audit trail, once a run."""
        told = {"type": kind, "session_id": session_id, "text": text, "event_id": f"{run.id}:{kind}"}
        self._assistant.audit.add(validated(EventBody, told), user_id)

    def _before(self, user_id: str, session_id: str) -> Mapping[str, object]:
        """Return what the last answer of a session told."""
        run_id = self._assistant.history.last_run(user_id, session_id)
        try:
            return self._runs.facts(run_id)["result"] or {} if run_id else {}
        except NotFoundError:  # it is older than runs are kept
            return {}

    def _reply(self, talk: Talk, turn_id: int, took_s: float) -> QueryReply:
        answer = talk.completion
        intent = talk.intent.to_dict() if talk.intent is not None else {}
        return {
            "run_id": talk.run.id,
            "session_id": talk.session_id,
            "turn_id": turn_id,
            "response": talk.response,
            "refused": talk.refused,
            "intent": cast("IntentFacts", intent),
            "agents_used": list(talk.agents),
            "failures": talk.failures,
            "citations": talk.citations,
            "grounding": talk.grounding,
            "warnings": talk.warnings,
            "chain_of_thought": _thought(talk),
            "supports_cot": self._supports_cot(answer),
            "memory_context": talk.bundle.memory_context if talk.bundle is not None else None,
            "dataset": talk.dataset,
            "attachments": talk.attachments,
            "product_cards": talk.cards,
            "options": talk.options,
            "shopping_status": talk.shopping,
            "draft_batch": talk.draft_batch,
            "batch_id": talk.batch_id,
            "provider": answer.provider if answer is not None else None,
            "model": answer.model if answer is not None else None,
            "tokens_used": talk.tokens,
            "finish_reason": (answer.finish_reason or "stop") if answer is not None else None,
            "elapsed_time": took_s,
            "state": talk.state,
        }

    def _supports_cot(self, answer: Completion | None) -> bool | None:
        if answer is None:
            return None
        models = self._llm.roster.models_of(answer.provider)
        return next((model.supports_cot for model in models if model.id == answer.model), None)


def _turn(talk: Talk) -> NewTurn:
    answer = talk.completion
    return NewTurn(
        user_id=talk.user_id,
        query=talk.wanted.query,
        response=talk.response,
        session_id=talk.session_id,
        intent=talk.intent_name,
        citations=tuple(talk.citations),
        provider=answer.provider if answer is not None else "",
        model=answer.model if answer is not None else "",
        tokens=talk.tokens,
        run_id=talk.run.id,
    )


def _thought(talk: Talk) -> AnswerThought | None:
    """Return what the model thought, else the steps that its answer numbers; never both."""
    answer = talk.completion
    if answer is not None and answer.thinking.strip():
        parts = [part.strip() for part in answer.thinking.split("\n\n") if part.strip()]
        took_ms = None if answer.thought_s is None else round(1000 * answer.thought_s)
        return _chain(parts, took_ms, answer.reasoning_tokens, "provider")
    parts = steps_of(talk.response)
    return _chain(parts, None, None, "answer") if parts else None


def _chain(parts: list[str], took_ms: int | None, tokens: int | None, source: str) -> AnswerThought:
    return {
        "steps": [{"step": number, "description": part, "duration_ms": None} for number, part in enumerate(parts, 1)],
        "total_thinking_time_ms": took_ms,
        "reasoning_tokens": tokens,
        "source": source,
    }
