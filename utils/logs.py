"""Logging set-up: one line an event, facts as fields, secrets never.

Code logs a constant lower-case message and puts the facts in ``extra``; the
formatter appends them as ``key=value``, so that lines can be grouped and searched.
"""

import logging
import re
import sys

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# Shapes of keys that vendors hand out, bearer headers, and key=value pairs that name a secret.
_SECRET = re.compile(
    r"\b(?:gsk_|csk-|sk-|hf_|xai-)[A-Za-z0-9_-]{8,}"
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"
    r"|(?<=api_key=)[^\s&\"']{4,}|(?<=token=)[^\s&\"']{4,}"
)


def redact(text: str) -> str:
    """Replace everything in *text* that looks like a key."""
    return _SECRET.sub("[redacted]", text)


class FieldFormatter(logging.Formatter):
    """Formats ``time level logger: message key=value …`` and redacts secrets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Format *record* with its extra fields."""
        line = super().format(record)
        fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if not fields:
            return redact(line)
        head, _, trace = line.partition("\n")
        extra = " ".join(f"{key}={value}" for key, value in fields.items())
        return redact(f"{head} {extra}" + (f"\n{trace}" if trace else ""))


def configure_logging(level: str) -> None:
    """Send everything at *level* and above to standard error, once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # One line a vendor call is ours to write; the clients' own lines hold URLs and headers.
    for noisy in ("httpx", "httpx2", "httpcore", "httpcore2", "groq", "openai", "cerebras", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
