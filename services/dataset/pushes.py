"""Pushes that go on behind the page that asked: runs, whose steps are told and whose end is kept."""

from collections.abc import Mapping

from models.contract.answers.runs import RunFacts
from models.contract.bodies import PushBody
from services.dataset.publish_service import PublishService
from services.streams.run import Run
from services.streams.run_service import RunService
from utils.errors import CancelledError

KIND = "push"


class Pushes:
    """Thread-safe."""

    def __init__(self, publish: PublishService, runs: RunService) -> None:
        self._publish = publish
        self._runs = runs

    def start(self, body: PushBody, key: str | None = None) -> str:
        """Begin a push; return the id of its run. Bad input is refused before it begins.

        Raises:
            InputError: no token, or an unknown licence or split.
            UnavailableError, ConflictError: as of `RunService.start`.
        """
        self._publish.check(body)
        request = body.model_dump(exclude_none=True, exclude_defaults=True, exclude={"token"}, mode="json")
        return self._runs.start(KIND, {**request, "repo_name": body.repo_name}, lambda run: self._push(run, body), key)

    def recent(self, count: int) -> list[RunFacts]:
        """Return the last *count* pushes, newest first."""
        return self._runs.recent(KIND, count)

    def steps(self, run_id: str) -> list[str]:
        """Return the steps that a push has taken so far; NotFoundError if there is no such run."""
        told = self._runs.told(run_id)
        return [str(event["status"]) for event in told if event["type"] == "status" and "run_id" not in event]

    def _push(self, run: Run, body: PushBody) -> Mapping[str, object]:
        def told(step: str) -> None:
            if run.cancel.is_cancelled:
                raise CancelledError("cancelled; nothing was pushed")
            run.tell("status", status=step)

        pushed = self._publish.publish(body, told)
        return {
            "url": pushed.url,
            "revision": pushed.revision,
            "pull_request": pushed.pull_request,
            "samples": pushed.samples,
            "left_out": dict(pushed.left_out),
        }
