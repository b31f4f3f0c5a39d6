"""Optional OpenTelemetry traces: requests and calls to models, sent by OTLP over HTTP.

Off unless the setting OTEL_EXPORTER_OTLP_ENDPOINT names a collector; the packages then
needed stand in requirements-tracing.txt. Spans never carry prompts, answers or keys.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from utils.errors import ConfigurationError
from utils.installation import how_to_install

_SERVICE = "legal-training-platform"


class _Tracing:
    """The tracer of this process; None while tracing is off."""

    tracer: Any = None  # the package that has its type is optional


def configure_tracing(endpoint: str) -> Callable[[], None]:
    """Send spans to the collector at *endpoint* (without /v1/traces); return the function that flushes and ends them.

    Raises:
        ConfigurationError: the packages are missing.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigurationError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT: {error.name} is missing; run `{how_to_install('tracing')}`"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": _SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    _Tracing.tracer = provider.get_tracer(_SERVICE)

    def end() -> None:
        _Tracing.tracer = None
        provider.shutdown()

    return end


def is_tracing() -> bool:
    """Say whether spans are sent."""
    return _Tracing.tracer is not None


def span(name: str, **attributes: str) -> AbstractContextManager[object]:
    """Measure what happens inside; an error marks it as failed, with its class only."""
    return nullcontext() if _Tracing.tracer is None else _span(name, attributes)


@contextmanager
def _span(name: str, attributes: dict[str, str]) -> Iterator[object]:
    from opentelemetry.trace import Status, StatusCode

    facts = {key.replace("__", "."): value for key, value in attributes.items()}
    with _Tracing.tracer.start_as_current_span(
        name, attributes=facts, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
