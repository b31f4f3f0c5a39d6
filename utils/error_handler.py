"""Turns any failure of a model call into one of eight categories and a typed error.

Evidence is used from the strongest to the weakest: the exception's class when no
answer came, the vendor's own code, the HTTP status with the phrases that may
overrule it, then anchored phrases alone, then `general`. The tables are in
`utils.error_rules`, the error tree in `utils.errors` (re-exported here).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypedDict

from utils import error_rules as rules
from utils.durations import parse_moment
from utils.error_evidence import Evidence, chain_of, from_exception, from_text
from utils.error_parameters import MOST_TOKENS, refused_parameters
from utils.errors import (
    AnswerFormatError,
    AppError,
    AuthenticationError,
    BadRequestError,
    CancelledError,
    ConfigurationError,
    GenerationError,
    InputError,
    ModelUnavailableError,
    NoTargetError,
    NotFoundError,
    ProviderConnectionError,
    ProviderServerError,
    ProviderTimeoutError,
    QualityError,
    RateLimitError,
    RefusedError,
    Scope,
    StorageError,
    UnclassifiedError,
)
from utils.google_quota import UsedUp, until_midnight_s, used_up
from utils.logs import redact
from utils.vendor_answers import (
    ErrorInAnswer,
    headers_in,
    headers_of,
    is_from_behind,
    messages_of,
    names_a_vendor,
    text_in,
    wait_s,
)

__all__ = [
    "CATEGORIES",
    "AnswerFormatError",
    "AppError",
    "AuthenticationError",
    "BadRequestError",
    "CancelledError",
    "ConfigurationError",
    "ErrorInAnswer",
    "GenerationError",
    "InputError",
    "ModelUnavailableError",
    "NoTargetError",
    "NotFoundError",
    "ProviderConnectionError",
    "ProviderServerError",
    "ProviderTimeoutError",
    "QualityError",
    "RateLimitError",
    "RefusedError",
    "Scope",
    "StorageError",
    "UnclassifiedError",
    "categorize_error",
    "error_for",
    "parse_error",
    "should_switch_immediately",
]

_ERRORS: tuple[type[GenerationError], ...] = (
    ModelUnavailableError,
    RateLimitError,
    AuthenticationError,
    ProviderTimeoutError,
    ProviderConnectionError,
    ProviderServerError,
    BadRequestError,
    UnclassifiedError,
)
_BY_CATEGORY = {error.category: error for error in _ERRORS}
CATEGORIES = tuple(_BY_CATEGORY)

# Waiting does not help these; another model or provider may.
_SWITCH_AT_ONCE = frozenset(
    {"model_unavailable", "rate_limit", "authentication", "server_error", "connection_error", "timeout"}
)

_MAY_BE_A_REFUSAL = frozenset({"bad_request", "authentication", "general", "server_error"})


class _Facts(TypedDict):
    provider: str
    model: str
    status: int | None
    retry_after_s: float | None


def categorize_error(error: str | BaseException, provider: str, status: int | None = None) -> str:
    """Name the category of *error*, one of `CATEGORIES`.

    Args:
        error: A message as a vendor or SDK wrote it, or the exception itself.
        provider: Provider id; kept for callers, the rules hold for every vendor.
        status: HTTP status where known.
    """
    if isinstance(error, RefusedError):
        return BadRequestError.category
    if isinstance(error, GenerationError) and error.category in _BY_CATEGORY:
        return error.category
    return _category(from_text(error, status) if isinstance(error, str) else from_exception(error, status))


def _category(evidence: Evidence) -> str:
    return (
        _by_transport(evidence)
        or _by_code(evidence)
        or _by_status(evidence)
        or _by_class(evidence)
        or _by_phrase(evidence.text)
        or "general"
    )


def should_switch_immediately(category: str) -> bool:
    """Say whether another model or provider should be tried at once."""
    return category in _SWITCH_AT_ONCE


def parse_error(error: BaseException, provider: str = "", model: str = "", quotes: bool = True) -> GenerationError:
    """Wrap *error* as the typed failure of its category, with scope, status and hint.

    One that is typed already, or that a client wrapped, is returned as it is.

    Args:
        error: What a client raised.
        provider: Provider id.
        model: Model id.
        quotes: Whether the message may quote an answer that is not in a vendor's error form.
    """
    known = next((link for link in chain_of(error) if isinstance(link, GenerationError)), None)
    if known is not None:
        return known
    evidence = from_exception(error, None)
    category, told = _category(evidence), _sentence(evidence, error, quotes)
    headers = headers_of(chain_of(error))
    wait = wait_s({**headers_in(evidence.body), **headers}, evidence.body, evidence.text)
    facts = _Facts(provider=provider, model=model, status=evidence.status, retry_after_s=wait)
    if category in _MAY_BE_A_REFUSAL and rules.REFUSAL.search(_said(evidence)):
        typed: GenerationError = RefusedError(f"the vendor refused: {redact(told)}", **facts)
    else:
        typed = error_for(category, told, **facts)
    typed.headers = headers
    _explain(typed, evidence)
    return typed


def _explain(typed: GenerationError, evidence: Evidence) -> None:
    """Add what only errors of one category tell."""
    if isinstance(typed, RateLimitError):
        typed.quota = rules.QUOTA.search(evidence.text) is not None
        typed.limit = _stated(rules.MINUTE_LIMIT, evidence.text)
        typed.calls_limit = _stated(rules.MINUTE_CALLS, evidence.text)
        typed.unit, typed.is_overload = _unit(evidence), rules.OVERLOAD.search(_said(evidence)) is not None
        _explain_quota(typed, used_up(evidence.body))
    if isinstance(typed, AuthenticationError) and _is_of_a_vendor_behind(typed.headers, evidence):
        typed.scope = Scope.MODEL
    if isinstance(typed, BadRequestError):
        typed.parameters = refused_parameters(evidence.status, evidence.body, evidence.text)
        typed.most_tokens = _stated(MOST_TOKENS, evidence.text)
        if rules.BROKEN_GENERATION & {code.lower() for code in evidence.codes}:
            typed.generation = text_in(evidence.body, "failed_generation") or ""


def _explain_quota(typed: RateLimitError, told: UsedUp | None) -> None:
    """Take the vendor's own ids of what was used up for more than its sentence."""
    if told is None:
        return
    typed.quota, typed.unit, typed.is_overload = told.of_a_day, told.unit, False
    typed.limit, typed.calls_limit = told.tokens or typed.limit, told.requests or typed.calls_limit
    if told.of_a_day:
        typed.retry_after_s = until_midnight_s(parse_moment(typed.headers.get("date")) or datetime.now(UTC))


def _unit(evidence: Evidence) -> Literal["requests", "tokens"] | None:
    """Return of what the limit is that was reached; None when the vendor does not say, or names both."""
    said = _said(evidence)
    of_tokens, of_requests = rules.OF_TOKENS.search(said), rules.OF_REQUESTS.search(said)
    if of_tokens is None or of_requests is not None:
        return "requests" if of_requests is not None and of_tokens is None else None
    return "tokens"


def error_for(
    category: str,
    message: str,
    *,
    provider: str = "",
    model: str = "",
    status: int | None = None,
    retry_after_s: float | None = None,
) -> GenerationError:
    """Build the typed error of *category*; "general" for an unknown one."""
    kind = _BY_CATEGORY.get(category, UnclassifiedError)
    return kind(redact(message), provider=provider, model=model, status=status, retry_after_s=retry_after_s)


def _by_transport(evidence: Evidence) -> str | None:
    """Classify failures without an answer, where the exception's class alone is proof."""
    if evidence.status is not None:
        return None
    for name in evidence.classes:
        if rules.TIMEOUT_CLASSES.match(name):
            return "timeout"
        if name in rules.BAD_HEADER_CLASSES:
            return "authentication"
    if any(rules.CONNECTION_CLASSES.match(name) for name in evidence.classes):
        return "timeout" if _by_phrase(evidence.text) == "timeout" else "connection_error"
    return None


def _by_code(evidence: Evidence) -> str | None:
    for code in evidence.codes:
        category = rules.CODES.get(code.lower())
        if category is not None:
            return category
    return None


def _by_status(evidence: Evidence) -> str | None:
    status = evidence.status
    if status is None:
        status = next((rules.CLASS_STATUS[name] for name in evidence.classes if name in rules.CLASS_STATUS), None)
    if status is None:
        return None
    if refused_parameters(evidence.status, evidence.body, evidence.text):
        return "bad_request"
    allowed = rules.OVERRULED_BY.get(status, set())
    text = rules.SAYS_NOTHING.sub("", evidence.text)
    for category, pattern in rules.PHRASES:
        if category in allowed and pattern.search(text):
            return category
    return rules.of_status(status)


def _by_phrase(text: str) -> str | None:
    return next((category for category, pattern in rules.PHRASES if pattern.search(text)), None)


def _by_class(evidence: Evidence) -> str | None:
    return "general" if any(name in rules.LOCAL_FAULT_CLASSES for name in evidence.classes) else None


def _sentence(evidence: Evidence, error: BaseException, quotes: bool) -> str:
    """Reduce what the vendor said to one short, redacted line."""
    messages = [message for link in chain_of(error) for message in messages_of(getattr(link, "body", None))]
    if not messages and not quotes:  # the clients' texts quote the answer: a page, the banner of another service
        if evidence.status is not None:
            return f"the answer (status {evidence.status}) is not in a vendor's error format"
        return f"no answer that can be read ({evidence.classes[0]})"
    text = messages[0] if messages else str(error) or type(error).__name__
    title = re.search(r"<title>([^<]{1,120})", text, re.IGNORECASE)
    line = " ".join((title.group(1) if title else text).split())
    return redact(line)[:300] or f"HTTP {evidence.status}"


def _stated(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found.group(1).replace(",", "")) if found else None


def _said(evidence: Evidence) -> str:
    return "\n".join([*evidence.codes, evidence.text])


def _is_of_a_vendor_behind(headers: Mapping[str, str], evidence: Evidence) -> bool:
    """Tell whether a vendor behind a gateway refused the gateway's key, which says nothing of ours."""
    return is_from_behind(headers) or names_a_vendor(evidence.body) or rules.BEHIND.search(evidence.text) is not None
