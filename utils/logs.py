"""Logging set-up (structlog behind the standard library's loggers): one line per event, facts as fields, no secrets.

Code logs a constant lower-case message and puts the facts in ``extra``. What belongs to
everything that a thread does meanwhile (request, batch, item) is bound once, with `bound`.
Prompts and answers are never logged above debug.
"""

import logging
import logging.handlers
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from utils.errors import ConfigurationError
from utils.redaction import redact

__all__ = ["LogSettings", "bind", "bound", "configure_logging", "redact", "unbind"]

# We log each vendor call ourselves; the clients' lines hold URLs, headers and bodies.
_HTTP = ("httpx", "httpx2", "httpcore", "httpcore2", "urllib3", "flask-limiter")
_NOISY = (*_HTTP, "groq", "openai", "cerebras", "anthropic", "google_genai")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How to log.

    Attributes:
        file: Written instead of standard error; rotated at *max_mb* megabytes, with *keep* old files kept.
    """

    level: str = "INFO"
    form: Literal["console", "json"] = "console"
    file: Path | None = None
    max_mb: int = 20
    keep: int = 5


def configure_logging(settings: LogSettings) -> None:
    """Send everything at the level and above to standard error or a file.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    handler = _handler(settings)
    handler.setFormatter(_Lines(settings))
    root = logging.getLogger()
    for old in root.handlers:
        old.close()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def bind(**facts: object) -> None:
    """Add *facts* to every line that this thread logs from now on."""
    from utils.log_lines import contextvars

    contextvars.bind_contextvars(**facts)


def unbind() -> None:
    """Forget what was bound."""
    from utils.log_lines import contextvars

    contextvars.clear_contextvars()


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """Add *facts* to every line that this thread logs meanwhile."""
    from utils.log_lines import contextvars

    with contextvars.bound_contextvars(**facts):
        yield


class _Lines(logging.Formatter):
    """Makes lines by `utils.log_lines`, which is loaded with the first: the server's parent process has none to say."""

    def __init__(self, settings: LogSettings) -> None:
        super().__init__()
        self._settings = settings

    @cached_property
    def _made(self) -> logging.Formatter:
        from utils.log_lines import formatter

        return formatter(self._settings.form, colors=self._settings.file is None and sys.stderr.isatty())

    def format(self, record: logging.LogRecord) -> str:
        return self._made.format(record)


def _handler(settings: LogSettings) -> logging.Handler:
    if settings.file is None:
        return logging.StreamHandler(sys.stderr)
    try:
        settings.file.parent.mkdir(parents=True, exist_ok=True)
        return logging.handlers.RotatingFileHandler(
            settings.file, maxBytes=settings.max_mb << 20, backupCount=settings.keep, encoding="utf-8"
        )
    except OSError as error:
        raise ConfigurationError(f"LOG_FILE: {settings.file} cannot be written ({error.strerror})") from None
