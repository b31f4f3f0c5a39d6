"""The calls that one question may take, from target to target: the one place where a failed call is tried again."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from services.llm.caller import Outcome, Terms
from services.llm.limits.gate import Permit
from services.llm.routing.router import Target
from utils.errors import AnswerFormatError, BadRequestError, GenerationError, NoTargetError, QualityError


@dataclass(slots=True)
class Attempts:
    """What was tried so far, with the outcomes. Used by one thread.

    Attributes:
        most: Calls that the question may take.
        again: Whether a target that failed in a way that may pass is asked again while no other is free.
        calls: Calls made.
        adapted: Those of them that were refused for a parameter which the next one leaves out.
        tokens: Tokens of every answer, refused ones included.
        failures: Every failed call and every refused answer, oldest first.
        chain: `provider/model: outcome` of every call.
        excluded: Targets that cannot answer this question.
        avoided: Targets that failed in a way that may pass.
        target: The target that was called last.
        detour: Why it was not the first choice, or "".
        waited_s: Seconds that its calls waited for their turn, by what they waited for.
    """

    most: int
    again: bool = True
    calls: int = 0
    adapted: int = 0
    tokens: int = 0
    failures: list[GenerationError] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    avoided: list[str] = field(default_factory=list)
    target: Target | None = None
    detour: str = ""
    waited_s: dict[str, float] = field(default_factory=dict)

    @property
    def are_spent(self) -> bool:
        """True when no call is left; one whose request was only adapted is made once more beside them."""
        return self.calls - self.adapted >= self.most

    def on(self, terms: Terms) -> Terms:
        """Return *terms* that count every call here, before their own `sending` is called."""

        def sending(permit: Permit) -> None:
            self.calls += 1
            self.target, self.detour = permit.target, permit.detour
            if permit.cause:
                self.waited_s[permit.cause] = self.waited_s.get(permit.cause, 0.0) + permit.waited_s
            terms.sending(permit)

        return replace(terms, sending=sending)

    def run(
        self,
        call: Callable[[], Outcome],
        seen: Callable[[Outcome], None],
        must_stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Call one target after the other until one answers.

        Args:
            call: Makes one call, on terms that `on` returned.
            seen: Called with every outcome before the next call.
            must_stop: Whether the caller has used part of an answer, so that no other target may go on.

        Raises:
            GenerationError: the last call failed, and no other can be made.
            NoTargetError, BudgetSpentError, CancelledError: as of `LLMService.ask`.
        """
        while True:
            try:
                outcome = call()
            except NoTargetError as nobody:
                raise self._why(nobody) from nobody
            self.tokens += outcome.usage.tokens
            error = outcome.error
            self.chain.append(f"{outcome.target.name}: {'answered' if error is None else error.category}")
            seen(outcome)
            if error is None:
                return outcome
            self.failures.append(error)
            if isinstance(error, BadRequestError) and error.adapted:
                self.adapted += 1
                continue
            self._leave_out(outcome.target, error)
            if self.are_spent or must_stop():
                raise error

    def _why(self, nobody: NoTargetError) -> NoTargetError | GenerationError:
        """Return the error that says more: that no target is open, or the last call's."""
        last = self.failures[-1] if self.failures else nobody
        # A refused answer is not why no target is open.
        return nobody if self.again and isinstance(last, AnswerFormatError | QualityError) else last

    def _leave_out(self, target: Target, error: GenerationError) -> None:
        if not self.again:
            self.excluded.append(target.name)
        elif not isinstance(error, AnswerFormatError):
            (self.avoided if error.retryable else self.excluded).append(target.name)
