"""Makes one sample in a run: its words are told as they are written, its refused drafts with the reason."""

import json
import secrets
from collections.abc import Mapping

from models.contract.bodies import GenerateRequest
from services.dataset.dataset_service import DatasetService
from services.generation_service import GenerationService, Watch
from services.streams.run import Run
from services.streams.run_service import RunService


class StreamedGeneration:
    """Single samples as runs. Thread-safe."""

    def __init__(self, generation: GenerationService, dataset: DatasetService, runs: RunService) -> None:
        self._generation = generation
        self._dataset = dataset
        self._runs = runs

    def start(self, wanted: GenerateRequest, key: str | None = None) -> str:
        """Begin a run that makes a sample; return its id. Bad input is refused before it begins.

        Raises:
            InputError: the request names something unknown.
            UnavailableError, ConflictError: as of `RunService.start`.
        """
        self._generation.check(wanted)
        request = wanted.model_dump(exclude_none=True, mode="json")
        return self._runs.start("generate", request, lambda run: self._make(run, wanted), key)

    def _make(self, run: Run, wanted: GenerateRequest) -> Mapping[str, object]:
        def refused(error: Exception) -> None:
            run.begin_anew()
            run.tell("status", status="refused", reason=str(error))

        watch = Watch(self._runs.calls(run), run.cancel, run.has_words, refused)
        made = self._generation.make(wanted, secrets.randbelow(1000), watch)
        sample = self._dataset.keep(made.sample) if wanted.save else made.sample
        for source in json.loads(sample["sources"] or "[]"):
            run.tell("citation", **source)
        return {"sample": sample, "tokens_used": made.tokens, "elapsed": made.elapsed_s, "waited": dict(made.waited_s)}
