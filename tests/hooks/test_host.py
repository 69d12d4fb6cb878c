"""What would be believed if these failed: that Parclose is in place when it is not, or twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import options, version
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers import modes
from mitmproxy.tools.dump import DumpMaster

from parclose.hooks import dispatch_trial, early_answer, header_cap, host, layer_gate, socks
from parclose.hooks.layer_trial import trial_context

CHAIN = [
    "parclose-seal",
    "parclose-layer-gate",
    "parclose-proxy-header",
    "parclose-first-head",
    "parclose-leak-fix",
    "parclose-option-lock",
    "parclose-listen-host",
    "parclose-backlog",
    "parclose-host",
]


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give mitmproxy its own classes back afterwards, and hide the variables of whoever runs the test."""
    for name in ("HttpStream", "Http1Server"):
        monkeypatch.setattr(http_layers, name, getattr(http_layers, name))
    monkeypatch.setattr(modes, "Socks5Proxy", modes.Socks5Proxy)
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    monkeypatch.delenv("MITMPROXY_SSLKEYLOGFILE", raising=False)


def with_master[T](act: Callable[[DumpMaster], T], *settings: str) -> T:
    """Run something with a master as mitmdump has it."""

    async def run() -> T:
        opts = options.Options()
        master = DumpMaster(opts, with_termlog=False, with_dumper=False)
        opts.set(*settings, defer=True)
        try:
            return act(master)
        finally:
            master._legacy_log_events.uninstall()
            master.addons.get("errorcheck").finish()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("12.2.2", False),
        ("12.2.3", True),
        ("12.2.4", True),
        ("12.3.0", False),
        ("12.3", False),
        ("13.0.0.dev", False),
        ("12.2.4.dev", False),
        ("11.1.0", False),
        ("nonsense", False),
    ],
)
def test_versions_outside_the_tested_range_are_refused(text: str, accepted: bool) -> None:
    """Below, at and above both ends."""
    assert (host.version_fault(text) == "") is accepted


def test_everything_is_installed_once_and_behind_the_scripts() -> None:
    """The chain ends with Parclose's entries, the seal first among them; a second call changes nothing."""

    def act(master: DumpMaster) -> tuple[bool, list[str], str, str]:
        first = host.install(master)
        same = host.install(master) is first
        names = [getattr(entry, "name", "") for entry in master.addons.chain]
        return same, names[-len(CHAIN) :], first.dispatch, str(first.effective()["connection_strategy"])

    assert with_master(act) == (True, CHAIN, "indexed", "lazy")
    assert http_layers.HttpStream is early_answer.EarlyAnswerStream


@pytest.mark.parametrize(
    "settings", [("parclose_x=1",), ("anticache=true",), ("parclose_edit=perhaps", "ssl_insecure=true")]
)
def test_bad_options_end_the_process_behind_the_seal(
    settings: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, each sentence on a line, and the seal already in place."""

    def act(master: DumpMaster) -> bool:
        with pytest.raises(SystemExit) as ended:
            host.install(master)
        assert ended.value.code == 2
        return "parclose-seal" in master.addons.lookup

    assert with_master(act, *settings)
    assert capsys.readouterr().err.count("parclose: option") == len(settings)


def test_another_version_ends_the_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names the version and the range."""
    monkeypatch.setattr(version, "VERSION", "12.3.0")
    with pytest.raises(SystemExit):
        with_master(host.install)
    assert "mitmproxy 12.3.0 is not one Parclose was tested with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "name"),
    [(early_answer, "early answer"), (header_cap, "request head"), (layer_gate, "layer gate"), (socks, "socks")],
)
def test_a_protective_override_that_fails_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: Any, name: str
) -> None:
    """Parclose does not guard with a hole it knows of."""
    monkeypatch.setattr(module, "self_test", lambda *_: "it does not hold")
    with pytest.raises(SystemExit):
        with_master(host.install)
    assert f"self-test of {name} failed: it does not hold" in capsys.readouterr().err


def test_a_dispatch_that_differs_gives_way_to_stock(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It only makes things faster, so it is left out, with a warning."""
    monkeypatch.setattr(dispatch_trial, "self_test", lambda: "another order")
    assert with_master(lambda master: host.install(master).dispatch) == "stock"
    assert "mitmproxy's own stays: another order" in caplog.text


def test_refusals_are_passed_on_to_whoever_asks() -> None:
    """What the gate and the head limits refuse reaches one callback, with the client."""
    heard: list[tuple[object, str]] = []

    def act(master: DumpMaster) -> None:
        installed = host.install(master)
        trial = trial_context(master.options)
        installed.refused(trial, "dns")
        installed.on_refused = lambda client, detail: heard.append((client.peername, detail))
        installed.refused(trial, "raw_tcp")

    with_master(act)
    assert heard == [(("127.0.0.1", 1), "raw_tcp")]


def test_the_house_drains_before_any_addon_ends() -> None:
    """From the first moment of the shutdown on, new requests are refused."""

    async def run() -> tuple[bool, list[bool]]:
        master = DumpMaster(options.Options(), with_termlog=False, with_dumper=False)
        installed = host.install(master)
        seen: list[bool] = []

        class Last:
            def done(self) -> None:
                seen.append(installed.verdicts.draining)

        master.addons.chain.insert(0, Last())
        before = installed.verdicts.draining
        await master.done()
        master.addons.get("errorcheck").finish()
        return before, seen

    assert asyncio.run(run()) == (False, [True])
