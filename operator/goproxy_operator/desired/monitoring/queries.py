"""The PromQL about one fleet. The metrics are those of `modproxy.server.metrics`."""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy

_HITS = 'cache=~"hit|stale|negative|peer"'
_NOT_DENIED = 'cache!="denied"'


@dataclass(frozen=True, slots=True)
class Queries:
    """Writes expressions about one fleet. `window` is the span of rates, such as `5m`."""

    fleet: str
    namespace: str
    window: str

    def of(self, metric: str, *matchers: str) -> str:
        """Return a selector of the fleet's series."""
        every = (f'job="{self.fleet}"', f'namespace="{self.namespace}"', *matchers)
        return f"{metric}{{{','.join(every)}}}"

    def rate(self, metric: str, *matchers: str, by: str = "") -> str:
        """Return the rate of a counter a second, over the fleet or by labels."""
        grouped = f"sum by ({by}) " if by else "sum"
        return f"{grouped}(rate({self.of(metric, *matchers)}[{self.window}]))"

    @property
    def hit_rate(self) -> str:
        """The share of hits in all requests but refusals: between 0 and 1."""
        return f"{self.rate('http_requests_total', _HITS)} / {self.rate('http_requests_total', _NOT_DENIED)}"

    @property
    def request_rate(self) -> str:
        """Requests a second, without refusals."""
        return self.rate("http_requests_total", _NOT_DENIED)

    @property
    def upstream_failures(self) -> str:
        """The share of requests to upstream without a good answer: between 0 and 1."""
        # A family without a sample has no series, and PromQL drops a sum of which one side has no series.
        failed = self.rate("modproxy_upstream_requests_total", 'code=~"429|5.."')
        errors = f"({self.rate('modproxy_upstream_errors_total')} or vector(0))"
        answered = f"({self.rate('modproxy_upstream_requests_total')} or vector(0))"
        return f"(({failed} or vector(0)) + {errors}) / ({answered} + {errors})"

    def latency(self, quantile: float) -> str:
        """Seconds from a client's request to the end of its answer."""
        buckets = self.rate("http_request_duration_seconds_bucket", by="le")
        return f"histogram_quantile({quantile}, {buckets})"

    @property
    def storage(self) -> str:
        """How full each replica's cache is: between 0 and 1."""
        return f"{self.of('modproxy_cache_bytes')} / {self.of('modproxy_cache_capacity_bytes')}"


def queries(goproxy: GoProxy, window: str) -> Queries:
    """Return the expressions for the object's fleet."""
    return Queries(goproxy.metadata.name, goproxy.metadata.namespace, window)
