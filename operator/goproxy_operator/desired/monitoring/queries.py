"""The PromQL about fleets. The metrics are those of `modproxy.server.metrics`."""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy

HITS = 'cache=~"hit|stale|negative|peer|objectStore"'
"""Answers for which no request left the fleet."""
ANSWERED = 'cache=~"hit|stale|negative|peer|objectStore|miss"'
"""Answers about files of modules, without refusals."""
NO_ZIP = 'endpoint!="zip"'
"""How long a zip takes is the client's network."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Writes expressions about the series that `matchers` select. `window` is the span of rates, such as `5m`."""

    matchers: tuple[str, ...]
    window: str

    def of(self, metric: str, *matchers: str) -> str:
        """Return a selector of these series of a metric."""
        return f"{metric}{{{','.join((*self.matchers, *matchers))}}}"

    def rate(self, metric: str, *matchers: str, by: str = "") -> str:
        """Return the rate of a counter a second, in all or by labels."""
        grouped = f"sum by ({by}) " if by else "sum"
        return f"{grouped}(rate({self.of(metric, *matchers)}[{self.window}]))"

    @property
    def hit_rate(self) -> str:
        """The share of hits in all requests for files but refusals: between 0 and 1."""
        return self.hit_rate_by("")

    def hit_rate_by(self, by: str) -> str:
        """Return the share of hits by labels."""
        hits = self.rate("http_requests_total", HITS, by=by)
        return f"{hits} / {self.rate('http_requests_total', ANSWERED, by=by)}"

    @property
    def request_rate(self) -> str:
        """Requests a second, without refusals."""
        return self.rate("http_requests_total", ANSWERED)

    @property
    def upstream_failures(self) -> str:
        """The share of requests to upstream without a good answer: between 0 and 1."""
        # A family without a sample has no series, and PromQL drops a sum of which one side has no series.
        failed = self.rate("modproxy_upstream_requests_total", 'code=~"429|5.."')
        errors = f"({self.rate('modproxy_upstream_errors_total')} or vector(0))"
        answered = f"({self.rate('modproxy_upstream_requests_total')} or vector(0))"
        return f"(({failed} or vector(0)) + {errors}) / ({answered} + {errors})"

    def latency(self, quantile: float) -> str:
        """Return the seconds from a client's request to the end of its answer."""
        buckets = self.rate("http_request_duration_seconds_bucket", by="le")
        return f"histogram_quantile({quantile}, {buckets})"

    def hit_latency(self, quantile: float) -> str:
        """Return the same for hits, zips apart."""
        buckets = self.rate("modproxy_hit_duration_seconds_bucket", NO_ZIP, by="le")
        return f"histogram_quantile({quantile}, {buckets})"

    @property
    def storage(self) -> str:
        """How full each replica's cache is: between 0 and 1."""
        return f"{self.of('modproxy_cache_bytes')} / {self.of('modproxy_cache_capacity_bytes')}"


def queries(goproxy: GoProxy, window: str) -> Queries:
    """Return the expressions for the object's fleet. The ServiceMonitor makes the fleet's name the job."""
    return Queries((f'job="{goproxy.metadata.name}"', f'namespace="{goproxy.metadata.namespace}"'), window)
