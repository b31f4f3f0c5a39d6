"""Counts requests, and answers Prometheus at /metrics with all counters and the current state."""

import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.edge.deps import services
from api.edge.endpoint import Endpoint, File
from api.edge.sharing import line_of_request
from models.contract.answers.monitoring import TargetState
from services.platform import Platform
from utils.access_tokens import Role
from utils.tracing import span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def measure(app: Flask, platform: Platform) -> None:
    """Count every request of *app*, and serve the metrics of *platform*."""
    metrics = platform.metrics
    metrics.registry.register(_State(platform))
    app.before_request(_begin)

    def finish(response: Response) -> Response:
        route = str(request.url_rule) if request.url_rule is not None else "unknown"
        # Else each word that a client sends as a method would become a series.
        method = request.method if request.method in _METHODS else "other"
        begun, now, line = [g.get("begun", 0.0)], time.perf_counter(), line_of_request()
        if line is not None and line.is_shared:
            begun += line.joined
        metrics.requests.labels(method, route, str(response.status_code)).inc(len(begun))
        times = metrics.request_s.labels(method, route)
        for moment in begun:
            times.observe(now - moment)
        return response

    app.after_request(finish)
    app.teardown_request(_end)
    app.add_url_rule("/metrics", view_func=metrics_page, methods=["GET"])


@Endpoint(answers=File("text/plain", "Metrics in Prometheus' text format"), role=Role.READ, tag="Service")
def metrics_page() -> Response:
    """Return the metrics for Prometheus."""
    platform = services()
    # Several processes may listen on one port, and each scrape reaches one of them: it says which.
    shown: Collector = platform.metrics.registry
    if platform.stores.seat is not None:
        shown = _Named(platform.metrics.registry, str(platform.stores.seat.seat))
    return Response(generate_latest(shown), mimetype=None, content_type=CONTENT_TYPE_LATEST)


def _begin() -> None:
    g.begun = time.perf_counter()
    g.span = span("request", http__request__method=request.method, url__path=request.path[:200])
    g.span.__enter__()


def _end(error: BaseException | None) -> None:
    current = g.pop("span", None)
    if current is not None:
        current.__exit__(type(error) if error else None, error, None)


class _Named(Collector):
    """Metrics of one of several processes, each with the name of it."""

    def __init__(self, metrics: CollectorRegistry, process: str) -> None:
        self._metrics = metrics
        self._name = {"process": process}

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics with the label `process`."""
        for metric in self._metrics.collect():
            metric.samples = [one._replace(labels={**one.labels, **self._name}) for one in metric.samples]
            yield metric


class _State(Collector):
    """Gauges that are read at each scrape."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def describe(self) -> list[Metric]:
        """Describe nothing in advance: registering must not call the services."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        platform = self._platform
        yield from _targets(platform.usage.targets())
        circuits = GaugeMetricFamily("ltp_topic_circuits", "Circuits of topics that are not closed", labels=["state"])
        for state, count in platform.batches.circuits().items():
            circuits.add_metric([state], count)
        yield circuits
        values = {
            "ltp_queue_depth": ("Samples that running batches still want", platform.batches.queue_depth()),
            "ltp_batches_running": ("Batches that run", platform.batches.running_count()),
            "ltp_stream_clients": ("Open progress streams", platform.events.subscriber_count),
            "ltp_dataset_samples": ("Samples in the data set", platform.dataset.count()),
            "ltp_journal_samples": ("Changes that train.parquet does not hold yet", platform.dataset.waiting()),
            "ltp_disk_free_bytes": ("Free bytes of the data folder's disk", platform.health.disk_free_bytes()),
        }
        for name, (text, value) in values.items():
            yield GaugeMetricFamily(name, text, value=value)


def _targets(rows: list[TargetState]) -> Iterator[Metric]:
    is_open = GaugeMetricFamily("ltp_target_open", "1 where a model may be called now", labels=["provider", "model"])
    in_flight = GaugeMetricFamily("ltp_target_in_flight", "Calls under way", labels=["provider", "model"])
    for row in rows:
        labels = [row["provider"], row["model"]]
        is_open.add_metric(labels, float(row["open"]))
        in_flight.add_metric(labels, row["in_flight"])
    yield from (is_open, in_flight)
