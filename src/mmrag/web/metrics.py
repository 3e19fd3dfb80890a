"""What Prometheus may know: counts and times by route, nothing of questions or people."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from mmrag.status import Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mmrag_requests", "Requests by route and status.", ["route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "mmrag_request_seconds", "Time to an answer by route.", ["route"],
            registry=self._registry,
        )  # fmt: skip
        self._records = Gauge(
            "mmrag_records", "Stored records by kind.", ["kind"], registry=self._registry
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the pattern, never the path with what is in it."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def written(self, status: Status) -> bytes:
        """Write all figures in Prometheus' text form."""
        self._records.labels("films").set(sum(each.films for each in status.films.values()))
        self._records.labels("panels").set(sum(each.reports for each in status.labs.values()))
        return generate_latest(self._registry)
