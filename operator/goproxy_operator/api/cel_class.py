"""The rules that the API server enforces on classes, in CEL; how they are made says `api.cel`."""

from typing import Any

from goproxy_operator.api.cel import KEY, rule

CLASS_NAME: dict[str, Any] = {
    KEY: [
        rule(
            "self.metadata.name.size() <= 63",
            "metadata.name must have at most 63 characters: write for example standard",
        )
    ]
}

UPSTREAM: dict[str, Any] = {
    KEY: [
        rule(
            "!self.matches('://[^/]*@')",
            "credentials do not belong into the URL: remove the user name and the password before the @",
        ),
        rule(
            r"self.contains('@') || self == 'direct'"
            r" || self.matches(r'^(https?://[^/,|?#\s][^,|?#\s]*|file:///[^,|?#\s]*)$')",
            expression="'\"' + self + '\" is neither direct nor one URL with its scheme: write for example "
            "https://goproxy.example.com'",
        ),
    ]
}

IMAGE: dict[str, Any] = {
    KEY: [
        rule(
            r"self != '' && !self.matches(r'[\s,]|://|^/|//')",
            expression="'\"' + self + '\" is no pattern of images: write for example registry.example.com/goproxy/*, "
            "where * stops at a slash'",
        )
    ]
}

EXPRESSION: dict[str, Any] = {
    KEY: [
        rule(
            "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            "In and NotIn want values, Exists and DoesNotExist want none",
        )
    ]
}
