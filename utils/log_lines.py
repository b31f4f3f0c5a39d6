"""What a log line looks like, by structlog; loaded with the first line (`utils.logs`)."""

import logging

from utils.hidden import hidden
from utils.redaction import redacted

with hidden("rich"):  # it would be loaded for tracebacks that we render ourselves: 6 MiB and 50 ms
    import structlog

from structlog import contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["contextvars", "formatter"]
_SHARED: tuple[Processor, ...] = (
    contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def formatter(form: str, *, colors: bool) -> logging.Formatter:
    """Return what writes records as JSON, or for people, in *colors* or not."""
    written = structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _hide_secrets,
            written if form == "json" else structlog.dev.ConsoleRenderer(colors=colors),
        ],
    )


def _hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        name: redacted(
            value if isinstance(value, str | int | float | bool | None | list | dict | tuple) else str(value)
        )
        for name, value in event.items()
    }
