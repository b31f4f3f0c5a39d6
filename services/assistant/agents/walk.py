"""Goes along the graph of agents, one after the other; each step is told with its time, each failure by its name."""

import logging
from collections.abc import Mapping
from typing import Protocol

from services.assistant.agents.graph import MOST_STEPS, AgentName, following
from services.assistant.agents.talk import Talk
from utils.clock import Clock
from utils.errors import AppError, CancelledError, InputError, TimeLimitError

log = logging.getLogger(__name__)


class Agent(Protocol):
    """One node."""

    def act(self, talk: Talk) -> None:
        """Do its part; what it finds stands in *talk*."""


class Walk:
    """The agents and the way among them. Thread-safe: all state is in the `Talk`."""

    def __init__(self, agents: Mapping[AgentName, Agent], clock: Clock) -> None:
        self._agents = agents
        self._clock = clock

    def go(self, talk: Talk) -> None:
        """Have each agent on the way do its part.

        An agent that fails is named in the answer, and the way goes on without it; only where nobody answers is its
        error that of the query.

        Raises:
            InputError: what was asked cannot be meant.
            CancelledError, TimeLimitError: it was ended.
            AppError: nobody could answer; the last reason.
        """
        name: AgentName | None = "coordinator"
        last: AppError | None = None
        while name is not None and len(talk.agents) < MOST_STEPS:
            talk.agents.append(name)
            last = self._step(name, talk) or last
            name = following(name, talk)
        if not talk.response and last is not None:
            raise last

    def _step(self, name: AgentName, talk: Talk) -> AppError | None:
        step, began = len(talk.agents), self._clock.monotonic()
        talk.run.tell("status", status="agent", agent=name, step=step)
        failed: AppError | None = None
        try:
            self._agents[name].act(talk)
        except (CancelledError, InputError, TimeLimitError):
            raise
        except AppError as error:
            failed = error
            talk.failures.append({"agent": name, "error": str(error), "code": error.code})
            log.info("agent failed", extra={"agent": name, "reason": str(error)[:200]})
        took_ms = round(1000 * (self._clock.monotonic() - began))
        told = {"error": str(failed), "code": failed.code} if failed is not None else {}
        talk.run.tell("status", status="agent_done", agent=name, step=step, duration_ms=took_ms, **told)
        return failed
