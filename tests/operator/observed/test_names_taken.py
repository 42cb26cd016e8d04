"""Whether an object of a child's name may exist: a list of names answers for a while, and never for what came later."""

from __future__ import annotations

from goproxy_operator.kube.resources import SERVICES, Key
from goproxy_operator.observed.names_taken import NamesTaken
from tests.operator.fake_api import FakeApi

ONE, OTHER = Key("web", "one"), Key("web", "other")
PATH = "/api/v1/namespaces/web/services"


async def test_a_list_does_not_answer_for_names_that_were_taken_since() -> None:
    now = 0.0
    async with FakeApi() as api:
        api.lists[PATH] = []
        names = NamesTaken(await api.client(), lambda: now)
        names.appeared(ONE)
        names.appeared(OTHER)
        assert not await names.may_exist(OTHER, SERVICES, "other")
        names.forget(OTHER)
        # The first fleet is refused for a day, in which somebody makes a Service of its name.
        api.lists[PATH] = [{"metadata": {"name": "one", "namespace": "web"}}]
        now = 86400.0
        assert await names.may_exist(ONE, SERVICES, "one")
        names.appeared(OTHER)
        assert await names.may_exist(ONE, SERVICES, "one")


async def test_a_list_answers_only_for_fleets_that_were_there_before_it() -> None:
    now = 0.0
    async with FakeApi() as api:
        api.lists[PATH] = []
        names = NamesTaken(await api.client(), lambda: now)
        names.appeared(ONE)
        names.appeared(OTHER)
        assert not await names.may_exist(ONE, SERVICES, "one")
        names.forget(ONE)
        api.lists[PATH] = [{"metadata": {"name": "one", "namespace": "web"}}]
        now = 1.0
        names.appeared(ONE)
        assert await names.may_exist(ONE, SERVICES, "one")
