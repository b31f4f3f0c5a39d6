"""Decides whether a request for a batch can be met, and what it means."""

from dataclasses import dataclass, field

from models.contract.bodies import MAX_BATCH, BatchRequest
from models.domain import Job
from services.batch.measures import AlertThresholds
from services.batch.objects import judge_of, preference_of
from services.catalogue.catalogue import BALANCE
from services.dataset.dataset_service import DatasetService
from services.generation_service import GenerationService
from services.llm.limits.budget import Room
from services.llm_service import AUTO, Budget, LLMService, Preference
from utils.errors import InputError


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Settings of batches; 0 for no time limit."""

    max_concurrent: int = 4
    max_workers: int = 64
    time_limit_s: float = 7200.0
    default_target: int = 2100
    alerts: AlertThresholds = field(default_factory=AlertThresholds)


class Admission:
    """Checks requests. Stateless."""

    def __init__(
        self, llm: LLMService, generation: GenerationService, dataset: DatasetService, settings: BatchSettings
    ) -> None:
        self._llm = llm
        self._generation = generation
        self._dataset = dataset
        self._settings = settings

    def leaves_type_open(self, request: BatchRequest) -> bool:
        """Whether nobody asked for a type of samples, so that each job may have the one that its model does best."""
        mixed = request.mix is not None and bool(request.mix.sample_types)
        return not (request.sample_type or request.smart_mode or mixed)

    def settled(self, request: BatchRequest) -> tuple[BatchRequest, Preference, int]:
        """Fill in what the request left open; return it with its targets and the number of samples.

        Raises:
            InputError: it cannot be done; says why.
        """
        default = AUTO if request.smart_mode or request.providers else self._llm.default_provider.id
        kind = BALANCE if request.smart_mode or (request.mix and request.mix.sample_types) else "case_analysis"
        request = request.model_copy(
            update={"provider": request.provider or default, "sample_type": request.sample_type or kind}
        )
        preference = preference_of(request)
        self._llm.check(preference)
        judge = judge_of(request)
        if judge is not None:
            self._generation.maker.judge.check(judge, preference)
        return request, preference, self._count(request)

    def minutes(self, request: BatchRequest) -> float:
        """Return the time limit of a batch, in minutes; 0.0 for none."""
        return request.max_minutes or self._settings.time_limit_s / 60

    def check_budget(self, request: BatchRequest, preference: Preference, job: Job) -> None:
        """Refuse a budget that not even one call fits."""
        budget = Budget("budget of the batch", request.max_tokens_total, request.max_cost_usd)
        if self._llm.guided(preference) is not None:
            return
        prompt, _ = self._generation.maker.prompt(job)
        needs = [self._llm.sizing.need(prompt, target, [budget]) for target in self._llm.targets(preference)]
        if needs and all(budget.room(need.tokens, need.cost_usd) is Room.NO for need in needs):
            least = min(needs, key=lambda need: need.tokens)
            cost = "" if least.cost_usd is None else f" or {least.cost_usd:.4f} USD"
            raise InputError(
                f"budget: a single call may take up to {least.tokens} tokens{cost}, more than max_tokens_total or"
                " max_cost_usd allows; raise it"
            )

    def _count(self, request: BatchRequest) -> int:
        """How many new samples are wanted; `target_count` is the size the data set shall reach."""
        if request.count is not None:
            return request.count
        present = self._dataset.count()
        target = request.target_count or self._settings.default_target
        if target <= present:
            raise InputError(f"Target count ({target}) must be greater than current samples ({present})")
        if target - present > MAX_BATCH:
            raise InputError(f"target_count: got {target - present} new samples, want at most {MAX_BATCH} in one batch")
        return target - present
