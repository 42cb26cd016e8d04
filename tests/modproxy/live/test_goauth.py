"""`goproxy-operator goauth` as the helper of a real go command, in front of a real replica over TLS."""

import sys
import time
from pathlib import Path

from goproxy_operator.login.token_file import StoredToken, TokenFile
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.access_site import TEAM_A, TEAM_B, AccessSite


async def test_the_go_command_gets_the_token(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with AccessSite(tmp_path / "site", upstream) as site:
        url = site.proxy.url
        token = StoredToken(url, site.issuer.url, "c", site.issuer.token(groups=["team-a"]), time.time() + 300)
        TokenFile(tmp_path / "state/goproxy-operator/tokens", url).write(token)
        helper = f"{sys.executable} -m goproxy_operator goauth {url}"
        client = site.client(GOAUTH=helper, XDG_STATE_HOME=str(tmp_path / "state"))
        await client.succeed("mod", "init", "example.com/x")
        await client.succeed("get", f"{TEAM_A}@v1.0.0")
        refused = await client.go("get", f"{TEAM_B}@v1.0.0")
        assert refused.code != 0
        assert "403" in refused.err
        assert token.access not in refused.err
        without = await site.client(GOAUTH="off").go("list", "-m", f"{TEAM_A}@v1.0.0")
        assert "401" in without.err
