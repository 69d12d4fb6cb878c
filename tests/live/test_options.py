"""Checklist 5, 22, 38, 39: with a wrong option, beside a dangerous one, or on a strange mitmproxy nothing starts.

If these fail, `--set parclose_polcy=...` is a proxy without a policy.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.live.lab import FOLDER, LOADER, script
from tests.live.realm import Guard, Realm, loader, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

START_S = 10.0
"""How long a refused start may take; five seconds on a quiet machine, of which mitmproxy itself needs one or two."""


async def refused(*arguments: str, confdir: Path | None = None, **more: Any) -> str:
    """Start with these arguments, assert that it ends by itself with an error and never serves; return its output."""
    async with Origin() as origin:
        guard = Guard(Realm(), *arguments, upstream=origin, listens=False, waits=False, **more)
        if confdir is not None:
            guard.command = [part if "confdir=" not in part else f"confdir={confdir}" for part in guard.command]
        async with guard:
            code = await guard.exit_code(START_S)
        assert code != 0
        assert origin.connections == 0
        return "\n".join(guard.lines)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--set", "parclose_polcy=x.yaml"), "parclose_polcy"),
        (("--set", "parclose_edit=perhaps"), "parclose_edit"),
        (("--set", "parclose_policy=twice.yaml"), "parclose_policy"),
        (("--set", "parclose_policy="), "parclose_policy"),
        (("--set", "parclose_mode=off"), "parclose_mode"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_a_wrong_option_of_ours_refuses_the_start(arguments: tuple[str, ...], names: str) -> None:
    """An unknown name or a bad value of our own options ends the process, naming the option."""
    assert names in await refused(*arguments)


async def test_no_policy_refuses_the_start() -> None:
    """Without the option there is no policy, and nothing is served."""
    async with Origin() as origin:
        guard = Guard(Realm(), upstream=origin, listens=False, waits=False)
        at = guard.command.index("--set", guard.command.index("--mode"))
        del guard.command[at : at + 2]
        assert not [part for part in guard.command if "parclose_policy" in part]
        async with guard:
            assert await guard.exit_code(START_S) != 0
        assert "parclose_policy" in "\n".join(guard.lines)


async def test_a_wrong_configuration_file_refuses_the_start() -> None:
    """The same in config.yaml, where mitmproxy reads options that nobody remembers; all is told at once."""
    settings = ["parclose_edit: maybe", "parclose_polcy: x", "ignore_hosts: [bank.test]"]
    settings += ["validate_inbound_headers: false", "ssl_insecure: true"]
    for chosen in (settings[:2], settings[2:]):
        folder = Path(tempfile.mkdtemp(prefix="confdir-", dir=FOLDER))
        (folder / "config.yaml").write_text("\n".join([*chosen, ""]))
        output = await refused(confdir=folder)
        assert [text for text in chosen if text.partition(":")[0] not in output] == []


DANGEROUS = [
    "ignore_hosts=bank",
    "allow_hosts=bank",
    "tcp_hosts=bank",
    "udp_hosts=bank",
    "map_remote=|//a/|//b/",
    "map_local=|//a/|.",
    "modify_body=|a|b",
    "modify_headers=|A|b",
    "stickyauth=.",
    "stickycookie=.",
    "server_replay=flows",
    "anticache=true",
    "anticomp=true",
    "upstream_auth=a:b",
    "proxyauth=any",
    "ssl_insecure=true",
    "validate_inbound_headers=false",
    "body_size_limit=1m",
]


@pytest.mark.parametrize("setting", ["map_remote=|//a/|//b/", "ignore_hosts=bank", "server_replay=flows"])
async def test_a_dangerous_option_refuses_the_start(setting: str) -> None:
    """An option that opens a way round the policy refuses the start by name."""
    (FOLDER / "flows").write_bytes(b"")
    assert setting.partition("=")[0] in await refused("--set", setting)


async def test_each_dangerous_option_is_named() -> None:
    """All that open a way round, or change what was judged, are named at once; and modes that are not HTTP."""
    (FOLDER / "flows").write_bytes(b"")
    settings = [part for setting in DANGEROUS for part in ("--set", setting)]
    output = await refused(*settings)
    assert [setting for setting in DANGEROUS if f"`{setting.partition('=')[0]}`" not in output] == []


async def test_a_mode_that_is_not_http_refuses_the_start() -> None:
    """Modes whose traffic no rule can read refuse the start, each by name."""
    modes = ["dns", "reverse:tcp://127.0.0.1:9", "reverse:dns://127.0.0.1", "reverse:udp://127.0.0.1:9"]
    modes += ("reverse:quic://127.0.0.1:9", "reverse:http3://127.0.0.1:9", "reverse:dtls://127.0.0.1:9")
    output = await refused(modes=("regular", *modes))
    assert [mode for mode in modes if f"`{mode}" not in output] == []


async def test_keys_are_not_written_beside_traffic() -> None:
    """SSLKEYLOGFILE in the environment refuses the start."""
    assert "SSLKEYLOGFILE" in await refused(env={"SSLKEYLOGFILE": str(FOLDER / "keys")})


CHANGES = {
    "ignore_hosts": ["."],
    "allow_hosts": ["."],
    "tcp_hosts": ["."],
    "map_remote": ["|//a/|//b/"],
    "modify_headers": ["|A|b"],
    "stickyauth": ".",
    "ssl_insecure": True,
    "validate_inbound_headers": False,
    "connection_strategy": "eager",
    "rawtcp": True,
    "keep_host_header": False,
    "onboarding": True,
    "mode": ["regular@1"],
    "scripts": [],
    "parclose_policy": "other.yaml",
    "parclose_edit": True,
    "server": False,
}
MEDDLER = f"""
import json
from mitmproxy import ctx
def request(flow):
    if "/meddle" not in flow.request.path: return
    for name, value in {CHANGES!r}.items():
        before = getattr(ctx.options, name)
        try:
            ctx.options.update(**{{name: value}})
        except Exception as error:
            pass
        print("meddled", json.dumps([name, getattr(ctx.options, name) == before]), flush=True)
"""


async def test_no_dangerous_option_changes_at_run_time() -> None:
    """A script that sets each dangerous option while traffic flows changes none, and the policy still holds."""
    scripts = (LOADER, script("meddler", MEDDLER))
    async with Origin() as origin, Guard(Realm(), upstream=origin, scripts=scripts) as guard:
        await guard.ask(message("GET /open/meddle"))
        told = dict(json.loads(line.partition("meddled ")[2]) for line in guard.grep("meddled "))
        assert told == dict.fromkeys(CHANGES, True)
        assert (await guard.ask(message("GET /things/1"))).status == 401
        assert (await guard.ask(message("GET /open/1"))).status == 200


async def test_the_baseline_is_told() -> None:
    """The health page tells the options that are in force."""
    async with Origin() as origin, Guard(Realm(), upstream=origin) as guard:
        told = str((await guard.realm.admin("/healthz")).json())
        for name, value in {"connection_strategy": "lazy", "rawtcp": False, "keep_host_header": True}.items():
            assert re.search(f"'{name}': '?{value}'?", told)


@pytest.mark.parametrize("version", ["12.3.0", "12.2.2"])
async def test_an_untested_mitmproxy_refuses_the_start(version: str) -> None:
    """Outside the tested range nothing starts."""
    strange = loader(
        f"version_{version.replace('.', '_')}", f"from mitmproxy import version\nversion.VERSION = {version!r}\n"
    )
    assert version in await refused(scripts=(strange,))


BROKEN_INSIDES = {
    "upstream framing": "from parclose.hooks import upstream_framing\nupstream_framing.install = lambda: None\n",
    "early answer": "from parclose.hooks import early_answer\nearly_answer.install = lambda: None\n",
    "request head": "from parclose.hooks import header_cap\nheader_cap.install = lambda *_: None\n",
    "layer gate": "from parclose.hooks.layer_gate import LayerGate\nLayerGate.next_layer = lambda self, choice: None\n",
}


@pytest.mark.parametrize("what", BROKEN_INSIDES)
async def test_a_failed_self_test_refuses_the_start(what: str) -> None:
    """When an override no longer does what it must, the start is refused, naming it."""
    broken = loader(f"broken_{what.replace(' ', '_')}", BROKEN_INSIDES[what])
    assert what in await refused(scripts=(broken,))
