"""The rules of `autoscaling`, in CEL."""

from typing import Any

from goproxy_operator.api.cel import KEY, rule

AUTOSCALING: dict[str, Any] = {
    KEY: [
        rule(
            "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
            expression="'minReplicas %d is more than maxReplicas %d: write a range such as "
            "minReplicas 2, maxReplicas 10'.format([self.minReplicas, self.maxReplicas])",
            field=".minReplicas",
        ),
        rule(
            "!has(self.provider) || self.provider != 'KEDA' || has(self.prometheus)",
            "provider KEDA needs to know where the request rate is: write prometheus.serverAddress, such as "
            "http://prometheus.monitoring.svc:9090",
        ),
        rule(
            "!has(self.prometheus) || !has(self.provider) || self.provider in ['Auto', 'KEDA']",
            expression="'prometheus is read by KEDA only, and provider is ' + self.provider"
            " + ': remove prometheus, or write provider KEDA or Auto'",
        ),
    ]
}

SERVER_ADDRESS_PATTERN = r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$"
"""RE2 and Python read it alike."""

SERVER_ADDRESS: dict[str, Any] = {
    KEY: [
        rule(
            f"self.matches(r'{SERVER_ADDRESS_PATTERN}')",
            expression="'\"' + self + '\" is no address of Prometheus: write http://HOST:PORT, without user, password "
            "and query, such as http://prometheus.monitoring.svc:9090'",
        )
    ]
}
