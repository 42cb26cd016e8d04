"""The rules that the API server enforces at `kubectl apply`, in CEL. Each message says what to write instead.

What a rule may cost is limited, so every string has a maxLength and every list a maxItems. An absent field never runs
its own rule: rules about presence sit on the parent. Lists of rules are spread into a field's or a model's JSON schema.
"""

from typing import Any

from modproxy.contract.config import CacheConfig

KEY = "x-kubernetes-validations"
"""Where structural schemas carry CEL rules."""


def rule(condition: str, message: str = "", *, expression: str = "", field: str = "") -> dict[str, str]:
    """Make one rule; `message` is fixed text, `expression` a CEL expression that yields it."""
    made = {"rule": condition}
    if message:
        made["message"] = message
    if expression:
        made["messageExpression"] = expression
    if field:
        made["fieldPath"] = field
    return made


NAME: dict[str, Any] = {
    KEY: [
        rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 40",
            "metadata.name must start with a letter, hold only a-z, 0-9 and -, and have at most 40 characters: "
            "write for example team-a",
        )
    ]
}

OBJECT_NAME: dict[str, Any] = {
    KEY: [
        rule(
            "self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$') && !self.contains('..')",
            expression="'\"' + self + '\" is no name of an object: write lower-case letters, digits, dashes and dots, "
            "such as team-a'",
        )
    ]
}

SPEC: dict[str, Any] = {
    KEY: [
        rule(
            "!(has(self.replicas) && has(self.autoscaling))",
            "write either replicas, for a fixed number, or autoscaling, for a range; not both",
        ),
        rule(
            "(has(self.cache) && has(self.cache.storage)) || !has(oldSelf.cache) || !has(oldSelf.cache.storage)",
            "cache.storage may not be removed once it is set: keep it as it was",
        ),
    ]
}


def _comparable(field: str) -> str:
    """Hold where Kubernetes may read the quantity: one such as 1e9999999 keeps the API server busy for a minute."""
    return f"!self.{field}.matches('{_HUGE}')"


_HUGE = "[eE][+-]?[0-9]{3}"

STORAGE: dict[str, Any] = {
    KEY: [
        rule(
            "!has(oldSelf.size) || has(self.size)",
            expression="'size may not be removed: write ' + oldSelf.size + ' or more'",
        ),
        rule(
            f"!has(oldSelf.size) || !has(self.size) || !({_comparable('size')} && isQuantity(self.size))"
            " || !isQuantity(oldSelf.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
            expression="'size may not shrink from ' + oldSelf.size + ' to ' + self.size"
            " + ': write ' + oldSelf.size + ' or more'",
            field=".size",
        ),
        rule(
            "!has(self.growTo) || has(self.size)",
            "growTo needs size, from which it grows: write both, for example size 50Gi, growTo 200Gi",
        ),
        rule(
            f"!has(self.growTo) || !has(self.size) || !({_comparable('growTo')} && isQuantity(self.growTo))"
            f" || !({_comparable('size')} && isQuantity(self.size))"
            " || quantity(self.growTo).compareTo(quantity(self.size)) >= 0",
            expression="'growTo ' + self.growTo + ' is less than size ' + self.size"
            " + ': write ' + self.size + ' or more'",
            field=".growTo",
        ),
        rule(
            "has(self.storageClassName) == has(oldSelf.storageClassName)"
            " && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
            "storageClassName may not be changed, added or removed later: make a new GoProxy with the other class",
        ),
    ]
}

SIZE: dict[str, Any] = {
    KEY: [
        rule(
            # 16Ei is taken for one byte less than 8Ei, and so would differ for ever from what was sent.
            f"!self.matches('{_HUGE}') && isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))"
            " && quantity(self).isLessThan(quantity('7Ei'))",
            expression="'\"' + self + '\" is not a size: write for example 50Gi'",
        )
    ]
}

DURATION: dict[str, Any] = {
    KEY: [
        rule(
            "self == '0' || self.matches('^([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))+$')",
            expression="'\"' + self + '\" is not a duration: write for example 30s, 5m or 72h'",
        )
    ]
}

POSITIVE_DURATION: dict[str, Any] = {
    KEY: [
        *DURATION[KEY],
        rule("self.matches('[1-9]')", "must be longer than nothing: write for example 30s"),
    ]
}

# The whole of path.Match's syntax but empty ranges ([z-a]), which the models refuse: literals, escapes, and classes.
_GLOB = r"^([^\\\[]|\\.|\[\^?(([^\\\]-]|\\.)(-([^\\\]-]|\\.))?)+\])*$"

PATTERN: dict[str, Any] = {
    KEY: [
        rule("self != '' && self != '/'", "an empty pattern: write a module path or a glob such as github.com/acme"),
        rule(
            "!self.contains('://')",
            expression="'\"' + self + '\" is a URL: write the module path without a scheme, such as github.com/acme'",
        ),
        rule(
            r"!self.matches(r'[\s,]')",
            expression="'\"' + self + '\" has white space or a comma: write one pattern an entry'",
        ),
        rule(
            "self == '/' || (!self.startsWith('/') && !self.contains('//')) || self.contains('://')",
            expression="'\"' + self + '\" has an empty path element: write elements separated by single slashes, "
            "such as github.com/acme'",
        ),
        rule(
            f"self.matches(r'{_GLOB}')",
            expression="'\"' + self + '\" has a [ without its ], an empty class, or ends in a backslash: write a glob "
            "such as *.corp.example.com or example.com/v[0-9]'",
        ),
    ]
}


CONTACT: dict[str, Any] = {
    KEY: [rule("!self.matches('[[:cntrl:]]')", "has a line break or another control character: write one line")]
}


def _or_default(field: str, default: int) -> str:
    return f"(has(self.{field}) ? self.{field} : {default})"


_HIGH = _or_default("highWatermarkPercent", CacheConfig().high_watermark_percent)
_LOW = _or_default("lowWatermarkPercent", CacheConfig().low_watermark_percent)

CACHE: dict[str, Any] = {
    KEY: [
        rule(
            f"{_LOW} < {_HIGH}",
            expression="'lowWatermarkPercent %d%s is not below highWatermarkPercent %d%s: write both, for example 75 "
            f"and 85'.format([{_LOW}, has(self.lowWatermarkPercent) ? '' : ' (the default)', "
            f"{_HIGH}, has(self.highWatermarkPercent) ? '' : ' (the default)'])",
        )
    ]
}

PATH_PREFIX: dict[str, Any] = {
    KEY: [
        rule(
            "self == '' || (self.startsWith('/') && !self.endsWith('/')"
            " && !self.contains('//') && !self.contains('%'))",
            expression="'\"' + self + '\" is no path prefix: write it as /go, without a trailing slash'",
        )
    ]
}

OWN_LABELS = [f"app.kubernetes.io/{key}" for key in ("name", "instance", "component", "managed-by")]
OWN_LABELS_MESSAGE = (
    "labels under goproxy-operator.dev/ and app.kubernetes.io/name, instance, component and managed-by are the "
    "operator's own: choose other keys"
)

POD_LABELS: dict[str, Any] = {
    KEY: [
        rule(
            f"self.all(k, !k.startsWith('goproxy-operator.dev/') && !(k in {OWN_LABELS}))",
            OWN_LABELS_MESSAGE,
        )
    ]
}
