"""Messages of the service as pages say them: where callers of the API are sent to a route, a page is named."""

import re
from collections.abc import Sequence

# The first that a route begins with, behind /api/ or /api/v1/.
_PAGES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(route), name)
    for route, name in (
        (r"(files|law|retrieve)\b", "Documents"),
        (r"(models|providers|targets|chat|health|usage)\b", "Models"),
        (r"(topics|sample-types|difficulties|jurisdictions)\b", "Generate"),
        (r"(generate|batches|batch)\b", "Batches"),
        (r"(sample/.*/review|review)\b", "Review"),
        (r"(export|huggingface)\b", "Publish"),
        (r"releases\b", "Releases"),
        (r"(templates|schedules|webhooks)\b", "Automation"),
        (r"(data|sample|samples|stats|dataset|search|quality|import|citations)\b(?!/products)", "Data set"),
        (r"memories\b", "Memories"),
        (r"(sessions|query|runs|events|agents)\b", "Assistant"),
    )
)
# Behind some words a page is named otherwise than a route.
_JOINED = {
    "with": "on",
    "in": "on",
    "use": "go to",
    "take": "go to",
    "to": "on",
    "one of": "one of those on",
    "(": "(on",
}
_ROUTE = re.compile(
    r"(?:(?P<before>\b(?:with|in|use|take|to|one of)|\()\s*)?"
    r"(?:\b(?P<method>GET|POST|PUT|PATCH|DELETE) )?/api/(?:v1/)?(?P<route>[^\s,;:)]*[^\s,;:).])"
)
# Why a model may not be called, behind its name: "(openai/gpt: connection_error)".
_CAUSES = {
    "authentication": "its key was refused",
    "bad_request": "it did not take the request",
    "connection_error": "it could not be reached",
    "general": "calls failed",
    "model_unavailable": "it is not available",
    "on trial": "it is being tried again",
    "rate_limit": "its limit was reached",
    "server_error": "it has a fault of its own",
    "timeout": "it took too long",
}
_CAUSE = re.compile(rf"(?<=: )({'|'.join(_CAUSES)})(?=[,;)])")
_HEADER = re.compile(r"is missing; send it in the header Authorization, after the word Bearer")


def page_words(text: object) -> str:
    """Return a message of the service with pages for routes: "see GET /api/files" as "see the page Documents"."""
    named = _ROUTE.sub(_named, "" if text is None else str(text))
    return _HEADER.sub("is missing; sign in", _CAUSE.sub(lambda match: _CAUSES[match[1]], named))


def _named(match: re.Match[str]) -> str:
    before = match["before"] or ""
    page = next((name for route, name in _PAGES if route.match(match["route"])), "")
    blank = " " if before and before != "(" else ""
    if not page:
        return f"{before}{blank}the API"
    joined = _JOINED.get(before, before)
    begins = not before and (match.start() == 0 or match.string[: match.start()].endswith((". ", "\n")))
    return f"{joined} the page {page}".lstrip() if not begins else f"The page {page}"
