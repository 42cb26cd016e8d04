"""The objectives of a fleet (SLOs): what share of which events has to be good. The rules, the dashboard and `slo check`
read them here. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.monitoring import ObjectivesSpec
from goproxy_operator.desired.monitoring.queries import ANSWERED, HITS, NO_ZIP, Queries

FAST_SECONDS = 0.1
"""A hit within so many seconds is fast. It is a bound of a bucket of `modproxy_hit_duration_seconds`."""
HIGH_WATERMARK_PERCENT = 85
"""The default of `cache.highWatermarkPercent`."""
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {"availability": "99.9", "hitRate": "75", "fastHits": "99", "storage": "99"}
)
"""The default of each objective, in percent."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Says that `percent` of some events have to be good, over 30 days."""

    name: str
    """The field of the object, such as `hitRate`, and the label `objective` of the recorded series."""
    title: str
    percent: float
    good: str
    """What a good event is, in words that go on from the percentage."""
    high_watermark: int = HIGH_WATERMARK_PERCENT

    @property
    def budget(self) -> float:
        """The share of events that may be bad: between 0 and 1."""
        return round(1 - self.percent / 100, 6)

    @property
    def of_requests(self) -> bool:
        """Whether the events are requests. Others are moments of replicas."""
        return self.name != "storage"

    def total(self, query: Queries, by: str = "") -> str:
        """Return the expression for how many events a second there are, or how many moments."""
        match self.name:
            case "availability":
                return query.rate("http_requests_total", by=by)
            case "hitRate":
                return query.rate("http_requests_total", ANSWERED, by=by)
            case "fastHits":
                return query.rate("modproxy_hit_duration_seconds_count", NO_ZIP, by=by)
        return f"{_grouped('count', by)} ({query.of('modproxy_cache_bytes')})"

    def bad(self, query: Queries, by: str = "") -> str:
        """Return the expression for how many of them are bad. It has a value wherever `total` has one."""
        match self.name:
            case "availability":
                failed = query.rate("http_requests_total", 'code=~"5.."', by=by)
                return f"({failed} or 0 * {self.total(query, by)})"
            case "hitRate":
                total, hits = self.total(query, by), query.rate("http_requests_total", HITS, by=by)
                return f"({total} - ({hits} or 0 * {total}))"
            case "fastHits":
                fast = query.rate("modproxy_hit_duration_seconds_bucket", NO_ZIP, f'le="{FAST_SECONDS}"', by=by)
                return f"({self.total(query, by)} - {fast})"
        return f"{_grouped('sum', by)} ({query.storage} > bool {self.high_watermark / 100})"


def _grouped(operator: str, by: str) -> str:
    return f"{operator} by ({by})" if by else operator


def objectives(goproxy: GoProxy) -> list[Objective]:
    """Return the objectives that the fleet has."""
    spec = goproxy.spec.monitoring.objectives
    watermark = goproxy.spec.cache.high_watermark_percent
    return made_objectives(spec, HIGH_WATERMARK_PERCENT if watermark is None else watermark)


def made_objectives(spec: ObjectivesSpec, high_watermark: int = HIGH_WATERMARK_PERCENT) -> list[Objective]:
    """Return the objectives of a section `objectives`, with the defaults of what it leaves out."""
    written = spec.model_dump(by_alias=True, exclude_none=True)
    goods = {
        "availability": ("Availability", "of all requests are answered with another status than 5xx"),
        "hitRate": ("Hit rate", "of what is asked for needs no request to an upstream"),
        "fastHits": ("Fast hits", f"of hits, zips apart, are answered within {FAST_SECONDS * 1000:.0f} ms"),
        "storage": ("Storage", f"of the time a cache is at most {high_watermark} % full"),
    }
    made = []
    for name, (title, good) in goods.items():
        percent = float(written.get(name, DEFAULTS[name]))
        if percent > 0:
            made.append(Objective(name, title, percent, good, high_watermark))
    return made
