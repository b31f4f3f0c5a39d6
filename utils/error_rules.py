"""The facts behind `utils.error_handler`: which code, phrase or status means what.

Ordered tables, first match wins. Codes are the vendors' own (console.groq.com/docs/errors,
inference-docs.cerebras.ai/support/error, ollama `docs/api/errors`). Phrases are
anchored on purpose: a bare "model" or "503" in a message proves nothing.
"""

import re

# Exception classes, by bare name.
TIMEOUT_CLASSES = re.compile(r"^(?:\w*Timeout(?:Error|Exception)?|\w*TimedOut\w*|DeadlineExceeded)$")
BAD_HEADER_CLASSES = frozenset({"LocalProtocolError"})
CONNECTION_CLASSES = re.compile(
    r"^(?:\w*Connect(?:ion)?(?:Refused|Reset|Aborted)?Error|SSL\w*|CertificateError|gaierror|RemoteProtocolError"
    r"|ReadError|WriteError|NetworkError|ProxyError|BrokenPipeError|IncompleteRead|ChunkedEncodingError"
    r"|ProtocolError|MaxRetryError|NewConnectionError|NameResolutionError|ServerDisconnectedError)$"
)
# Weak evidence: wrappers raise these for other reasons too, so text and codes go first.
CLASS_STATUS = {
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "ConflictError": 409,
    "UnprocessableEntityError": 422,
    "RateLimitError": 429,
    "InternalServerError": 500,
    "ServiceUnavailableError": 503,
    "BadRequestError": 400,
}
# Our side could not read the answer; their texts quote it, so no phrase in them counts.
LOCAL_FAULT_CLASSES = frozenset({"JSONDecodeError", "TypeError", "AttributeError", "IndexError", "ValidationError"})

# The vendors' error.code and error.type.
CODES = {
    "model_decommissioned": "model_unavailable",
    "model_not_found": "model_unavailable",
    "model_not_active": "model_unavailable",
    "model_permission_blocked_org": "model_unavailable",
    "model_permission_blocked_project": "model_unavailable",
    "model_terms_required": "model_unavailable",
    "capacity_exceeded": "model_unavailable",
    "organization_restricted": "authentication",
    "invalid_api_key": "authentication",
    "wrong_api_key": "authentication",
    "expired_api_key": "authentication",
    # A LiteLLM proxy without a database says so to a key that is not its own.
    "no_db_connection": "authentication",
    "authentication_error": "authentication",
    "account_deactivated": "authentication",
    "billing_error": "authentication",
    "insufficient_quota": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "request_quota_exceeded": "rate_limit",
    "token_quota_exceeded": "rate_limit",
    "too_many_requests_error": "rate_limit",
    "queue_exceeded": "rate_limit",
    "resource_exhausted": "rate_limit",
    "engine_overloaded_error": "server_error",
    "overloaded_error": "server_error",
    "timeout_error": "timeout",
    "context_length_exceeded": "bad_request",
    "exceed_context_size_error": "bad_request",
    "json_validate_failed": "bad_request",
    "tool_use_failed": "bad_request",
    "wrong_api_format": "bad_request",
    "unsupported_parameter": "bad_request",
    "unsupported_value": "bad_request",
    "string_above_max_length": "bad_request",
    "content_filter": "bad_request",
}

# Phrases of messages.
_PHRASES: tuple[tuple[str, str], ...] = (
    # A page of a firewall in front of the vendor: this client may not enter at all.
    ("authentication", r"attention required! \| cloudflare|you have been blocked|access denied</title>"),
    (
        "authentication",
        r"(?:wrong|invalid|incorrect|missing|expired|revoked|bad|no) (?:or \w+ )?(?:x-)?api[ _-]?key|api[ _-]?key[^.\n]{0,40}"
        r"(?:invalid|not valid|incorrect|missing|required|expired|revoked|not (?:found|provided|set|configured))"
        r"|organi[sz]ation (?:has been|is) (?:restricted|suspended|disabled)"
        r"|account (?:has been |is )?(?:suspended|deactivated|disabled|not active)"
        r"|authentication (?:failed|required|error)|(?:failed|unable) to authenticate|verify your [^.\n]{0,30}api key"
        r"|insufficient (?:account )?(?:balance|credits?|funds)|(?:credit|account) balance (?:is )?too low|exceeded your current balance|payment required"
        r"|invalid (?:authentication|auth|bearer|access) ?(?:token|credentials?)?|must (?:be signed|sign) in"
        r"|you need to (?:be signed|sign) in|no auth credentials|invalid credentials?|user not found"
        r"|location is not supported|please enable billing",
    ),
    # Too large for the window, or the window is used up. Before "model": these messages name the model.
    (
        "rate_limit",
        r"rate[ -]?limit(?:s|ed|ing)?\b|(?:tokens?|requests?|calls) per (?:second|min(?:ute)?|hour|day|month)"
        r"|\b(?:usage|quota|token|request|daily|weekly|hourly|monthly|session|key|concurrency)s? (?:limit|quota) (?:has been |was |is )?"
        r"(?:exceeded|reached)|reached your [^.\n]{0,30}(?:usage|session|request)[^.\n]{0,10} limit"
        r"|too many (?:concurrent )?requests|exceeded your (?:current )?quota|quota (?:has been )?exceeded"
        r"|maximum pending requests|resource (?:has been |is )?exhausted|\bon (?:tokens|requests)\b[^.\n]{0,30}: limit"
        r"|limit \d+, used \d+, requested \d+|(?:too many|limit of \d+) concurrent",
    ),
    (
        "bad_request",
        r"context[ _-]?(?:length|window|size)|reduce (?:the|your) (?:length|prompt|input|number)"
        r"|prompt is too long|maximum (?:input|prompt|number of) tokens|maximum allowed (?:length|tokens)"
        r"|(?:max_(?:completion_)?tokens|max_output_tokens|num_predict)\b[^\n]{0,60}"
        r"(?:less than|too large|at (?:least|most)|exceed|must)",
    ),
    (
        "model_unavailable",
        r"model\b[^\n]{0,100}\b(?:not found|(?:does )?(?:not|n'?t) exist|doesn'?t exist|decommissioned|deprecated and|retired"
        r"|is not (?:available|supported|loaded|accessible)|no longer (?:available|supported|served|exists)"
        r"|(?:currently |temporarily )unavailable|is blocked|has been (?:removed|disabled|deprecated|shut ?down))"
        r"|(?m:^model: [\w.:@/-]+$)|models/\S+ (?:is not (?:found|supported)|is no longer)|(?:unknown|no such|invalid|unsupported) model\b|no models? (?:are )?loaded|loading model|model is (?:still )?loading"
        r"|no (?:endpoints|providers?|instances?|available channels?) (?:found|available|for)"
        r"|not a valid model|pull(?:ing)? (?:it first|the model)|could not find model"
        r"|requires more system memory|too large for (?:the )?(?:available )?memory|unable to access (?:the )?model|not enough memory|model[^\n]{0,40}at capacity"
        r"|(?:error|fail(?:ed|ure)) (?:to load|loading|while loading)(?: the)? model|unable to load model"
        r"|requires a (?:paid )?subscription|do(?:es)? not have access to (?:the |this )?model"
        r"|not (?:allowed|permitted|authori[sz]ed) to (?:use|access) (?:the |this )?model",
    ),
    (
        "server_error",
        r"overloaded|high (?:demand|traffic)|heavy load|runner (?:process )?(?:has )?(?:terminated|is no longer|no longer|crashed)"
        r"|(?:server|runner|worker) (?:process )?has (?:terminated|crashed|stopped)|unexpected EOF|\bEOF\s*\"?\}?$|no slots available"
        r"|temporarily unavailable|cuda error|out of memory|upstream (?:connect )?error|provider returned error",
    ),
    (
        "bad_request",
        r"does not support|not supported|(?:is|are) unsupported|unsupported (?:parameter|value|tool|json|field|response|type)"
        r"|failed to (?:call a function|generate json|parse (?:grammar|schema|the)|create new sequence|initialize samplers)"
        r"|tool call validation|did not match schema|json schema|property '[^']*' is|following must be satisfied"
        r"|invalid_request_error|unknown request url|method not allowed|invalid (?:argument|parameter|request|value|type|json|input|format)"
        r"|must be (?:a |an |one of|less|greater|between|at (?:least|most))|(?:field|parameter|property) (?:is )?required|missing required"
        r"|unrecognized (?:request )?argument|extra (?:fields|inputs) (?:are )?not permitted|unexpected (?:field|keyword)"
        r"|[\"']message[\"']\s*:\s*[\"']not found[\"']",
    ),
    (
        "timeout",
        r"\btime(?:d)?[ -]?out\b|deadline (?:has been |was )?exceeded|did not (?:return|respond|answer|complete)[^\n]{0,60}"
        r"(?:within|in time)|took too long|context canceled|ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_\w*TIMEOUT",
    ),
    (
        "connection_error",
        r"connection (?:error|refused|reset|aborted|closed|lost|broken|failed)|connection attempts failed|actively refused"
        r"|certificate[ _]verify[ _]failed|self[- ]signed certificate|\bSSL(?:Error| error|:)|tls handshake"
        r"|name or service not known|nodename nor servname|temporary failure in name resolution|getaddrinfo|no such host"
        r"|(?:cannot|can't|could not|couldn't|unable to|failed to) (?:connect|reach)|peer closed|incomplete chunked read"
        r"|server disconnected|stream (?:was )?(?:disconnected|closed|ended|interrupted)|premature(?:ly)? close|closed connection|network (?:error|is unreachable)|no route to host|socket hang up|fetch failed|broken pipe"
        r"|ECONN\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|dial tcp",
    ),
    ("server_error", r"bad gateway|service unavailable|internal (?:server )?error|server error|gateway error"),
    ("authentication", r"\b(?:un|not )authori[sz]ed\b|\bforbidden\b|access denied|permission denied|invalid token"),
)
PHRASES = tuple((category, re.compile(pattern, re.IGNORECASE)) for category, pattern in _PHRASES)

# HTTP status.
# By status, the categories whose phrases may still overrule it.
OVERRULED_BY = {
    400: {"model_unavailable", "authentication", "rate_limit", "bad_request"},
    402: {"rate_limit", "model_unavailable"},
    403: {"model_unavailable", "rate_limit"},
    404: {"model_unavailable"},
    413: {"rate_limit", "bad_request"},
    422: {"model_unavailable"},
    429: {"server_error", "authentication"},
    500: {"model_unavailable", "rate_limit", "timeout"},
    502: {"model_unavailable", "timeout"},
    503: {"model_unavailable", "rate_limit"},
}
STATUS = {
    400: "bad_request",
    401: "authentication",
    402: "authentication",
    403: "authentication",
    404: "bad_request",
    405: "bad_request",
    406: "bad_request",
    408: "timeout",
    409: "bad_request",
    410: "model_unavailable",
    413: "rate_limit",
    415: "bad_request",
    422: "bad_request",
    424: "server_error",
    425: "server_error",
    429: "rate_limit",
    451: "authentication",
    498: "model_unavailable",
    499: "timeout",
    504: "timeout",
    522: "timeout",
    524: "timeout",
}


def of_status(status: int) -> str | None:
    """Return the category a bare HTTP *status* stands for, or None below 300."""
    if status in STATUS:
        return STATUS[status]
    if 300 <= status < 400:  # no redirect is followed, so there is no answer
        return "connection_error"
    if 400 <= status < 500:
        return "bad_request"
    return "server_error" if 500 <= status < 600 else None


# A quota that no short wait restores.
QUOTA = re.compile(
    r"(?:per|a) (?:day|week|month)|\b(?:daily|weekly|monthly|session) (?:\w+ )?(?:limit|quota|usage)|\((?:RPD|TPD)\)"
    r"|reached your (?:\w+ ){0,3}usage limit|spend_limit_reached|insufficient_quota|exceeded your current quota",
    re.IGNORECASE,
)
# Of what a limit is: tokens where only they are named.
OF_TOKENS = re.compile(r"\btokens?(?![a-z-])|\bTPM\b|token_quota", re.IGNORECASE)
OF_REQUESTS = re.compile(
    r"(?:requests?|calls) per |\b(?:on|of) requests\b|\bRPM\b|\brequests?[ _-](?:limit|quota|rate)|request_quota",
    re.IGNORECASE,
)
# The vendor is busy, or too many calls are under way at a time.
OVERLOAD = re.compile(
    r"concurren|queue|\bbusy|no (?:free |available )?slots?\b|pending requests|overloaded|(?:over|at|exceeded) (?:its |our )?capacity|high (?:demand|traffic)"
    r"|parallel requests|at a time|simultaneous",
    re.IGNORECASE,
)
# Groq writes its limit behind the words "tokens per minute (TPM)".
MINUTE_LIMIT = re.compile(r"tokens per minute.{0,40}?limit:? (\d[\d,]*)", re.IGNORECASE)
MINUTE_CALLS = re.compile(r"requests per minute.{0,40}?limit:? (\d[\d,]*)", re.IGNORECASE)

# A vendor behind a gateway, in the gateway's words (LiteLLM, one-api, OpenRouter).
BEHIND = re.compile(
    r"\blitellm\.\w+(?:Error|Exception)\b|\b[A-Z]\w*Exception - |received model group|\bmodel group '"
    r"|\bupstream(?:_| )(?:error|provider|request|api|returned|status)|(?:from|by) (?:the )?upstream",
    re.IGNORECASE,
)
# A gateway's sentence that tells nothing of the failure.
SAYS_NOTHING = re.compile(r"provider returned error", re.IGNORECASE)

# The vendor's own check of an answer failed; the answer is in `failed_generation`.
BROKEN_GENERATION = frozenset({"json_validate_failed", "tool_use_failed", "output_parse_failed"})
REFUSAL = re.compile(
    r"content_(?:filter|policy)|contentpolicyviolation|responsibleaipolicy|content management policy|data_inspection_failed"
    r"|moderation_blocked|input was flagged|flagged (?:as|by|for)|prohibited[_ ]content|violat\w+ [^.\n]{0,40}(?:usage|content)"
    r" polic(?:y|ies)|blocked by (?:the |our )?(?:content|safety)|inappropriate content",
    re.IGNORECASE,
)
