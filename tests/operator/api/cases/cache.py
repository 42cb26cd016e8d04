"""`spec.cache`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

REFUSED: list[Case] = [
    both(
        {"cache": {"storage": {"size": "1e9999999999"}}},
        '"1e9999999999" is not a size: write for example 50Gi',
        "spec.cache.storage.size",
    ),
    both(
        {"cache": {"storage": {"size": "1Gi", "growTo": "1e99999999"}}},
        '"1e99999999" is not a size: write for example',
        "spec.cache.storage.growTo",
    ),
    both(
        {"cache": {"storage": {"size": "16Ei"}}},
        '"16Ei" is not a size: write for example 50Gi',
        "spec.cache.storage.size",
    ),
    both(
        {"cache": {"highWatermarkPercent": 60, "lowWatermarkPercent": 70}},
        "lowWatermarkPercent 70 is not below highWatermarkPercent 60: write both, for example 75 and 85",
        "spec.cache",
    ),
    both(
        {"cache": {"highWatermarkPercent": 75}},
        "lowWatermarkPercent 75 (the default) is not below highWatermarkPercent 75: write both, for example 75 and 85",
        "spec.cache",
    ),
    both(
        {"cache": {"lowWatermarkPercent": 90}},
        "lowWatermarkPercent 90 is not below highWatermarkPercent 85 (the default): write both, for example 75 and 85",
        "spec.cache",
    ),
    schema(
        {"cache": {"highWatermarkPercent": 100}},
        server="should be less than or equal to 99",
        models="Input should be less than or equal to 99",
        path="spec.cache.highWatermarkPercent",
    ),
    both({"cache": {"inactive": "0"}}, "must be longer than nothing: write for example 30s", "spec.cache.inactive"),
    both(
        {"cache": {"listTTL": "one minute"}},
        '"one minute" is not a duration: write for example 30s, 5m or 72h (a day is 24h)',
        "spec.cache.listTTL",
    ),
    both(
        {"cache": {"storage": {"size": "50GB"}}},
        '"50GB" is not a size: write for example 50Gi',
        "spec.cache.storage.size",
    ),
    both({"cache": {"storage": {"size": "0"}}}, '"0" is not a size: write for example 50Gi', "spec.cache.storage.size"),
    both(
        {"cache": {"storage": {"size": "1e999"}}},
        '"1e999" is not a size: write for example 50Gi',
        "spec.cache.storage.size",
    ),
    both(
        {"cache": {"lowWatermarkPercent": 90}},
        "lowWatermarkPercent 90 is not below highWatermarkPercent 85 (the default)",
        "spec.cache",
    ),
    both(
        {"cache": {"highWatermarkPercent": 9}},
        "lowWatermarkPercent 75 (the default) is not below highWatermarkPercent 9:",
        "spec.cache",
    ),
    both({"cache": {"listTTL": "5 minutes"}}, '"5 minutes" is not a duration', "spec.cache.listTTL"),
    both(
        {"cache": {"storage": {"size": "big"}}},
        '"big" is not a size: write for example 50Gi',
        "spec.cache.storage.size",
    ),
    both(
        {"cache": {"storage": {"growTo": "200Gi"}}},
        "growTo needs size, from which it grows: write both, for example size 50Gi, growTo 200Gi",
        "spec.cache.storage",
    ),
    both(
        {"cache": {"storage": {"size": "50Gi", "growTo": "20Gi"}}},
        "growTo 20Gi is less than size 50Gi: write 50Gi or more",
        "spec.cache.storage",
    ),
    both(
        {"cache": {"storage": {"size": "10Mi"}}},
        '"10Mi" holds no more than a few modules: write 256Mi or more, for example 50Gi',
        "spec.cache.storage.size",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"cache": {"lowWatermarkPercent": 84, "inactive": "720h"}},
    {"cache": {"highWatermarkPercent": 2, "lowWatermarkPercent": 1}},
    {"cache": {"staleWhileRevalidate": "0s"}},
    {"cache": {"listTTL": "1h30m", "notFoundTTL": "0", "staleIfError": "1.5h", "storage": {"size": "1.5Gi"}}},
]
