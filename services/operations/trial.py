"""One small call to a provider, to find out whether it can be used."""

from models.contract.answers.management import ProviderTestResult, StatedLimitView, TestFault
from services.catalogue.catalogue import ProviderInfo
from services.llm.limits.limit_headers import StatedLimit, stated_limits
from services.llm.single_calls import CallLog, SingleCalls
from services.llm_service import LLMService, Outcome, Preference, Prompt, Terms
from utils.cancellation import time_limit
from utils.errors import BadRequestError, ConfigurationError, GenerationError, TimeLimitError

_MAX_TOKENS = 64
# Limits may be used up, and the embedded model may have to be fetched: a test call does not wait for that.
_LIMIT_S = 8.0


def try_provider(llm: LLMService, info: ProviderInfo, model: str | None, call_log: CallLog) -> ProviderTestResult:
    """Make one small call, even to a closed provider, and return its result.

    While a limit that the vendor stated closes it, no call is made and the result says so.
    """
    if model is None and info in llm.factory.enabled() and not _can_be_called(llm, info):
        llm.models.refresh([info.id])  # it may have been added just now
        if not _can_be_called(llm, info):
            return _unlisted(llm, info.id)
    preference = Preference(info.id, model, allow_failover=False)
    llm.check(preference)
    target = llm.targets(preference)[0]
    if llm.router.reason(target) != "rate_limit":
        llm.router.forgive(info.id)
    calls = SingleCalls(call_log)
    prompt = Prompt(({"role": "user", "content": "Reply with the word OK."},), None, None, _MAX_TOKENS, 0.0)
    try:
        with time_limit(_LIMIT_S, "the test") as cancel:
            terms = calls.on(Terms("test", cancel, cancel, max_wait_s=0.0))
            outcome = llm.ask(prompt, preference, terms)
            while isinstance(outcome.error, BadRequestError) and outcome.error.adapted:
                calls.used(outcome.usage)
                outcome = llm.ask(prompt, preference, terms)
    except TimeLimitError:
        return _untold(info.id, target.model.id, "timeout", _late(target.name, calls.was_sent))
    except (GenerationError, ConfigurationError) as error:
        category = error.category if isinstance(error, GenerationError) else "configuration"
        return _untold(info.id, target.model.id, category, str(error))
    calls.used(outcome.usage)
    return _told(outcome, info, target.model.id)


def _can_be_called(llm: LLMService, info: ProviderInfo) -> bool:
    """Say whether some model may be called."""
    return any(not model.awaited for model in llm.models.usable(info))


def _late(target: str, was_sent: bool) -> str:
    """Say what a test that took too long waited for: the server, or a place within its limits."""
    if was_sent:
        return (
            f"the server took the call and has not answered within {_LIMIT_S:g} s: it may still load the model, or be"
            " slow; try again in a minute, and see REQUEST_TIMEOUT_S"
        )
    return f"no place for a call within {_LIMIT_S:g} s; the limits of {target} may be used up: see GET /api/targets"


def _unlisted(llm: LLMService, name: str) -> ProviderTestResult:
    """Say why there is no model to call."""
    found = llm.models.discovery(name)
    message = found.reason or "it lists no model that is enabled; name one as model, or set default_model_id"
    category = "connection_error" if found.listed is None else "model_unavailable"
    return _untold(name, None, category, message)


def _untold(provider: str, model: str | None, category: str, message: str) -> ProviderTestResult:
    """Return the result of a test whose call did not finish."""
    return {
        "provider": provider,
        "model": model,
        "ok": False,
        "latency_ms": None,
        "limits": [],
        "error": {"category": category, "message": message},
    }


def _told(outcome: Outcome, info: ProviderInfo, model: str) -> ProviderTestResult:
    completion, error = outcome.completion, outcome.error
    headers = completion.headers if completion is not None else error.headers if error is not None else {}
    fault: TestFault | None = None
    if completion is None and error is not None:
        fault = {"category": error.category, "message": str(error)}
    return {
        "provider": info.id,
        "model": model,
        "ok": completion is not None,
        "latency_ms": round(outcome.latency_s * 1000),
        "limits": [_limit(row) for row in stated_limits(headers, info.requests_header)],
        "error": fault,
    }


def _limit(row: StatedLimit) -> StatedLimitView:
    return {
        "unit": row.unit,
        "window": row.window,
        "limit": row.limit,
        "remaining": row.remaining,
        "reset_s": row.reset_s,
    }
