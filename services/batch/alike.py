"""Several batches of one plan: they differ in who writes, and in nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from models.contract.bodies import BatchRequest
from models.domain import Job
from services.batch.admission import Admission
from services.batch.planner import plan, plan_filters, type_shares
from services.catalogue.catalogue import Catalogue
from services.dataset.dataset_service import DatasetService
from services.generation_service import GenerationService
from services.llm_service import Preference
from utils.errors import ConfigurationError, InputError

Refusal: TypeAlias = InputError | ConfigurationError


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request as it is taken, and who may write."""

    request: BatchRequest
    preference: Preference


@dataclass(frozen=True, slots=True)
class Alike:
    """What several batches make.

    Attributes:
        jobs: Item n is the same wish in each.
        answers: For each request, in order: how it is taken, or why it cannot be met.
    """

    jobs: tuple[Job, ...]
    answers: tuple[Admitted | Refusal, ...]


@dataclass(frozen=True, slots=True)
class AlikePlanner:
    """Plans batches that differ in who writes. Stateless."""

    admission: Admission
    catalogue: Catalogue
    generation: GenerationService
    dataset: DatasetService

    def plan(self, requests: Sequence[BatchRequest]) -> Alike:
        """Return what *requests* make together: the plan is made once, of the data set as it is now.

        Raises:
            InputError: none of them can be met, or not even one call fits the budget of one; says why.
        """
        found = [self._admitted(request) for request in requests]
        admitted = [one for one in found if isinstance(one, tuple)]
        answers = tuple(one[0] if isinstance(one, tuple) else one for one in found)
        if not admitted:
            reasons = (f"{_name(request)}: {one}" for request, one in zip(requests, answers, strict=True))
            raise InputError(f"targets: none can be asked ({'; '.join(reasons)})")
        jobs = self._jobs(*admitted[0])
        for one, _ in admitted:
            self._check_budget(one, jobs[0])
        return Alike(jobs, answers)

    def _admitted(self, request: BatchRequest) -> tuple[Admitted, int] | Refusal:
        """Return how a request is taken, and how many samples it asks for."""
        try:
            request, preference, count = self.admission.settled(request)
            kinds = [kind for kind, share in type_shares(request, self.catalogue).items() if share > 0]
            self.generation.maker.check_model(kinds, request.use_rag or bool(request.file_ids), preference)
        except (InputError, ConfigurationError) as error:
            return error
        return Admitted(request, preference), count

    def _jobs(self, admitted: Admitted, count: int) -> tuple[Job, ...]:
        request, law_type = admitted.request, self.catalogue.law_type
        on_law = law_type is not None and request.sample_type == law_type.id
        stands = on_law or request.use_rag or bool(request.file_ids)
        answers = self.generation.answers(request.file_ids, is_small=on_law) if stands else None
        present = self.dataset.present(plan_filters(request, self.catalogue))
        jobs = tuple(plan(request, self.catalogue, count, present, answers))
        self.generation.maker.check_ground(next((job for job in jobs if job.use_rag), jobs[0]))
        return jobs

    def _check_budget(self, admitted: Admitted, job: Job) -> None:
        try:
            self.admission.check_budget(admitted.request, admitted.preference, job)
        except InputError as error:
            raise InputError(f"{_name(admitted.request)}: {error}") from None


def _name(request: BatchRequest) -> str:
    return f"{request.provider}/{request.model}"
