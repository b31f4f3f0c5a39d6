"""What the service counts for Prometheus. One instance per service, so that two in a process do not mix.

Counters and histograms are moved where things happen; what is a state (open targets, queue,
streams) is read at the moment of the scrape, by collectors that the entry point registers.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

_CALL_S = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 90, 180)
_REQUEST_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
_FOLD_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Counters and histograms. Thread-safe."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
        # Else one more series for each, which nobody needs
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "ltp_http_requests", "HTTP requests", ("method", "route", "status"), registry=self.registry
        )
        self.request_s = Histogram(
            "ltp_http_request_duration_seconds",
            "Time to the start of the answer",
            ("method", "route"),
            buckets=_REQUEST_S,
            registry=self.registry,
        )
        self.samples = Counter("ltp_samples", "Samples of batches by outcome", ("outcome",), registry=self.registry)
        self.calls = Counter(
            "ltp_model_calls", "Calls to models by outcome", ("provider", "model", "outcome"), registry=self.registry
        )
        self.call_s = Histogram(
            "ltp_model_call_duration_seconds",
            "Time of calls to models",
            ("provider", "model"),
            buckets=_CALL_S,
            registry=self.registry,
        )
        self.tokens = Counter("ltp_model_tokens", "Tokens used", ("provider", "model", "kind"), registry=self.registry)
        self.cost_usd = Counter(
            "ltp_model_cost_usd", "Cost of calls whose price is known", ("provider", "model"), registry=self.registry
        )
        self.waits_s = Counter(
            "ltp_wait_seconds", "Seconds that calls waited for their turn", ("cause",), registry=self.registry
        )
        self.fold_s = Histogram(
            "ltp_fold_duration_seconds", "Time of rewriting train.parquet", buckets=_FOLD_S, registry=self.registry
        )
        self.alerts = Counter("ltp_alerts", "Alerts of batches", ("kind",), registry=self.registry)
        # A series that begins at its first event looks as if nothing had happened before it.
        for outcome in ("stored", "rejected"):
            self.samples.labels(outcome)
        for kind in ("model_switches", "timeouts", "rejection_rate"):
            self.alerts.labels(kind)
