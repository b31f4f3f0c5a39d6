"""Counts requests, and answers Prometheus at /metrics with what the service counted and what it is like now."""

import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.deps import services
from api.endpoint import File, endpoint
from utils.access_tokens import Role
from utils.tracing import span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def measure(app: Flask, container: Any) -> None:
    """Count every request of *app*, and serve the metrics of *container*."""
    metrics = container.llm.metrics
    metrics.registry.register(_State(container))
    app.before_request(_begin)

    def finish(response: Response) -> Response:
        route = str(request.url_rule) if request.url_rule is not None else "unknown"
        # Whatever word a client sends as its method would be a series of its own.
        method = request.method if request.method in _METHODS else "other"
        metrics.requests.labels(method, route, str(response.status_code)).inc()
        metrics.request_s.labels(method, route).observe(time.perf_counter() - g.get("begun", 0.0))
        return response

    app.after_request(finish)
    app.teardown_request(_end)
    app.add_url_rule("/metrics", view_func=metrics_page, methods=["GET"])


@endpoint(File("text/plain", "Metrics in Prometheus' text format"), role=Role.READ, tag="Service")
def metrics_page() -> Response:
    """Tell the metrics to Prometheus."""
    return Response(generate_latest(services().llm.metrics.registry), mimetype=None, content_type=CONTENT_TYPE_LATEST)


def _begin() -> None:
    g.begun = time.perf_counter()
    g.span = span("request", http__request__method=request.method, url__path=request.path[:200])
    g.span.__enter__()


def _end(error: BaseException | None) -> None:
    current = g.pop("span", None)
    if current is not None:
        current.__exit__(type(error) if error else None, error, None)


class _State(Collector):
    """What is read at the moment of the scrape."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def describe(self) -> list[Metric]:
        """Say nothing beforehand: registering must not ask the services."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        container = self._container
        yield from _targets(container.llm.status())
        circuits = GaugeMetricFamily("ltp_topic_circuits", "Circuits of topics that are not closed", labels=["state"])
        for state, count in container.batches.circuits().items():
            circuits.add_metric([state], count)
        yield circuits
        values = {
            "ltp_queue_depth": ("Samples that running batches still want", container.batches.queue_depth()),
            "ltp_batches_running": ("Batches that run", container.batches.running_count()),
            "ltp_stream_clients": ("Open progress streams", container.events.subscriber_count),
            "ltp_dataset_samples": ("Samples in the data set", container.dataset.count()),
            "ltp_journal_samples": ("Changes that train.parquet does not hold yet", container.dataset.waiting()),
            "ltp_disk_free_bytes": ("Free bytes of the data folder's disk", container.health.disk_free_bytes()),
        }
        for name, (text, value) in values.items():
            yield GaugeMetricFamily(name, text, value=value)


def _targets(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    is_open = GaugeMetricFamily("ltp_target_open", "1 where a model may be called now", labels=["provider", "model"])
    in_flight = GaugeMetricFamily("ltp_target_in_flight", "Calls under way", labels=["provider", "model"])
    for row in rows:
        labels = [row["provider"], row["model"]]
        is_open.add_metric(labels, float(row["open"]))
        in_flight.add_metric(labels, row["in_flight"])
    yield from (is_open, in_flight)
