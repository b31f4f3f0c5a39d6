"""What was used, and what may be used now: calls, tokens, cost, limits."""

from typing import cast

from models.batches.usage_store import GROUPS, UsageStore
from models.contract.answers.monitoring import TargetState, UsageGroup, UsageSummary
from models.fields import validated_day
from services.llm_service import LLMService
from utils.errors import InputError


class UsageService:
    """Sums usage and lists targets. Thread-safe."""

    def __init__(self, usage: UsageStore, llm: LLMService) -> None:
        self._usage = usage
        self._llm = llm

    def summary(self, by: str, since: str = "", batch_id: str | None = None) -> UsageSummary:
        """Sum calls, tokens and cost.

        Args:
            by: What to sum by, comma-separated, of day, provider, model, batch; "" for all four.
            since: First day, as 2026-11-28; "" for the beginning.
            batch_id: One batch only.

        Raises:
            InputError: a group is unknown, or the day is not a day.
        """
        groups = [part.strip() for part in by.split(",") if part.strip()] or list(GROUPS)
        if not set(groups) <= set(GROUPS):
            raise InputError(f"by: got {','.join(groups)[:60]!r}, want some of {', '.join(GROUPS)}, comma-separated")
        day = validated_day("since", since)
        return {
            "by": cast("list[UsageGroup]", groups),  # those of GROUPS, as was just found
            "usage": self._usage.summary(groups, day, batch_id),
            "total": self._usage.summary((), day, batch_id)[0],
        }

    def targets(self) -> list[TargetState]:
        """Return every model that may be chosen: open or closed, its limits, and what is used of them."""
        return self._llm.status()
