"""What Prometheus reads. Labels come from fixed sets, never from a client."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "vino_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.jobs = Counter(
            "vino_jobs", "Jobs by what became of them", ["kind", "state"], registry=registry
        )
        self.open = Gauge("vino_jobs_open", "Jobs that wait or run", ["state"], registry=registry)
        self.waited = Histogram(
            "vino_wait_seconds", "From accepted to begun", registry=registry, buckets=_SECONDS
        )
        self.ran = Histogram(
            "vino_run_seconds", "One run of the model", registry=registry, buckets=_SECONDS
        )
        self.packed = Histogram(
            "vino_run_jobs", "Jobs in one run", registry=registry, buckets=(1, 2, 4, 8, 16, 32)
        )
        self.steps = Counter("vino_steps", "Sampling steps done", registry=registry)
        self.encoded = Gauge(
            "vino_encoded_bytes", "Memory of what references were encoded to", registry=registry
        )
        self.reused = Gauge(
            "vino_encoded_lookups", "Lookups of what references were encoded to", ["found"],
            registry=registry,
        )  # fmt: skip
        self.ready = Gauge("vino_ready", "1 when the model is loaded", registry=registry)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
