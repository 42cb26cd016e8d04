"""The claims in force: a StatefulSet's templates cannot be changed, so the live ones hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from goproxy_operator.cluster.resources import Object
from goproxy_operator.desired.manifest import Manifest, given
from goproxy_operator.quantity import parse_quantity, size_in_bytes
from goproxy_operator.reconcile.problem import Problem


@dataclass(frozen=True, slots=True)
class Claims:
    """The templates to send, and why they are not those that were asked for."""

    templates: Sequence[Manifest]
    problem: Problem | None = None

    @property
    def size_bytes(self) -> int:
        """The size of the cache of each replica."""
        return size_in_bytes(_size(self.templates[0]))


def claims_in_force(asked: Sequence[Manifest], live: Object | None) -> Claims:
    """Decide from the live StatefulSet, if there is one."""
    if live is None:
        return Claims(asked)
    kept = [_as_sent(template) for template in live["spec"]["volumeClaimTemplates"]]
    return Claims(kept, _problem(asked[0], kept[0]) if kept != list(asked) else None)


def _problem(asked: Manifest, kept: Manifest) -> Problem:
    wanted, there = _size(asked), _size(kept)
    if parse_quantity(wanted) > parse_quantity(there):
        return Problem(
            "StorageGrowthUnsupported",
            f"cache.storage.size {wanted} cannot be carried out: this version does not grow claims, and what runs goes "
            f"on with {there}; make a new GoProxy with {wanted}",
        )
    return Problem(
        "StorageImmutable",
        f"the claims have {_describe(kept)} and cannot become {_describe(asked)}: write cache.storage as the claims "
        "are, or make a new GoProxy",
    )


def _describe(template: Manifest) -> str:
    storage_class = template["spec"].get("storageClassName")
    return f"{_size(template)} of {f'class {storage_class}' if storage_class else 'the default class'}"


def _as_sent(template: Manifest) -> Manifest:
    """Reduce a live template to what we send of one."""
    metadata, spec = template["metadata"], template["spec"]
    return {
        "metadata": given({"name": metadata["name"], "labels": metadata.get("labels")}),
        "spec": given(
            {
                "accessModes": spec.get("accessModes"),
                "resources": {"requests": spec["resources"]["requests"]},
                "storageClassName": spec.get("storageClassName"),
            }
        ),
    }


def _size(template: Manifest) -> str:
    return str(template["spec"]["resources"]["requests"]["storage"])
