"""Parclose moves into mitmproxy: every override of its private parts, each self-tested, before traffic flows.

`install` is the first thing the loader calls while its script is imported. The seal comes first, so that whatever fails
afterwards fails closed; then options, overrides and self-tests. A protective override that fails its test ends the
process; indexed dispatch, which only makes things faster, gives way to stock. A second call, as on a reload of the
script, returns what the first one built.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mitmproxy import connection, master, version
from mitmproxy.addons import (
    anticache,
    anticomp,
    maplocal,
    mapremote,
    modifybody,
    modifyheaders,
    onboarding,
    proxyauth,
    serverplayback,
    stickyauth,
    stickycookie,
    upstream_auth,
)
from mitmproxy.proxy import context

from parclose.hooks import (
    client_tls,
    dispatch_trial,
    early_answer,
    header_cap,
    header_lookup,
    layer_gate,
    layer_walk,
    message_types,
    options_baseline,
    prompt_events,
    proxy_protocol,
    socks,
    spared_work,
    upstream_framing,
    websocket_bounds,
)
from parclose.hooks.backlog import Backlog
from parclose.hooks.connections import LeakFix
from parclose.hooks.dispatch import Dispatch
from parclose.hooks.listen_host import ListenHost
from parclose.hooks.options_baseline import OWN, Declared, OptionLock
from parclose.hooks.passages import Passages
from parclose.hooks.quiet_log import QuietLog
from parclose.hooks.seal import Seal, freeze_reload
from parclose.hooks.verdicts import Verdicts

logger = logging.getLogger(__name__)

TESTED = (12, 2, 3), (12, 3)
"""From the first version tested up to, and without, the first one that is not."""
EXIT_OPTIONS = 2
IDLE = (
    anticache.AntiCache,
    anticomp.AntiComp,
    maplocal.MapLocal,
    mapremote.MapRemote,
    modifybody.ModifyBody,
    modifyheaders.ModifyHeaders,
    onboarding.Onboarding,
    proxyauth.ProxyAuth,
    serverplayback.ServerPlayback,
    stickyauth.StickyAuth,
    stickycookie.StickyCookie,
    upstream_auth.UpstreamAuth,
)
"""Addons of mitmproxy's whose hooks do nothing while their options are off, and the baseline locks those off."""

type Refused = Callable[[connection.Client, str], None]


def ignore(_: connection.Client, __: str) -> None:
    """Take no notice of a refused connection."""


class Host:
    """What was installed; found again by its name on the master's chain."""

    name = "parclose-host"

    def __init__(self, proxy: master.Master, limits: header_cap.HeadLimits) -> None:
        self.proxy = proxy
        self.limits = limits
        self.verdicts = Verdicts()
        self.passages = Passages()
        self.dispatch = "stock"
        self.on_refused: Refused = ignore
        """Called with a client and one of raw_tcp, udp, dns, passthrough, headers_too_large, head_deadline,
        line_end, client_cert, proxy_header, socks."""
        self.claims = proxy_protocol.Claims()

    def drain_on_done(self) -> None:
        """Refuse new requests from the moment mitmproxy shuts down: it serves on while the addons' `done` run."""
        stock = self.proxy.done

        async def done() -> None:
            self.verdicts.draining = True
            await stock()

        self.proxy.done = done  # type: ignore[method-assign]

    def effective(self) -> dict[str, Any]:
        """Return the options that matter for safety as they are now."""
        return options_baseline.effective(self.proxy.options)

    def freeze(self, path: str) -> None:
        """Stop the watcher of the loader's script: only the policy reloads, and the policy reloads itself."""
        logger.info("script watcher stopped for %d script", freeze_reload(path))

    def refused(self, trial: context.Context, detail: str) -> None:
        """Pass on that a layer or a request head was refused."""
        self.on_refused(trial.client, detail)


def version_fault(text: str) -> str:
    """Return why this version of mitmproxy is refused, empty when it is in the tested range."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?(.*)", text)
    numbers = tuple(int(part or 0) for part in found.groups()[:3]) if found else ()
    if found and TESTED[0] <= numbers < TESTED[1] and not found[4]:
        return ""
    return f"mitmproxy {text} is not one Parclose was tested with; install mitmproxy>=12.2.3,<12.3"


def refuse(sentences: Sequence[str]) -> NoReturn:
    """End the process before it serves, with every reason at once."""
    for sentence in sentences:
        sys.stderr.write(f"parclose: {sentence}\n")
    sys.stderr.flush()
    sys.exit(EXIT_OPTIONS)


def install(
    proxy: master.Master,
    *,
    own: Sequence[Declared] = OWN,
    limits: header_cap.HeadLimits | None = None,
) -> Host:
    """Install everything on a master, or return what an earlier call installed.

    Raises: SystemExit for a version outside the tested range, for options beside which Parclose does not start, and for
    a protective override that fails its self-test.
    """
    known = proxy.addons.get(Host.name)
    if isinstance(known, Host):
        return known
    host = Host(proxy, limits or header_cap.HeadLimits())
    # INVARIANT: the seal is first; from here on nothing passes without a verdict, whatever fails.
    proxy.addons.add(Seal(host.verdicts))
    if fault := version_fault(version.VERSION):
        refuse([fault])
    found = options_baseline.deferred_offences(proxy.options.deferred, own)
    if not found:
        # What waits for our own options can be parsed, so mitmproxy may take it.
        options_baseline.declare(proxy.options, own)
    if found := [*found, *options_baseline.offences(proxy.options, os.environ)]:
        refuse(found)
    options_baseline.apply(proxy.options)
    override(host)
    index(host)
    host.drain_on_done()
    proxy.addons.add(host)
    return host


def override(host: Host) -> None:
    """Install and test what protects."""
    options = host.proxy.options
    early_answer.install()
    header_cap.install(header_cap.HeadLimits(), lambda *_: None)
    upstream_framing.install()
    client_tls.install(lambda _: None)
    proxy_protocol.install(lambda _: None, host.claims)
    websocket_bounds.install(lambda _: websocket_bounds.MAX_MESSAGE_BYTES)
    socks.install(lambda *_: None)
    found = {
        "early answer": early_answer.self_test(options),
        "request head": header_cap.self_test(options, header_cap.HeadLimits()),
        "layer gate": layer_gate.self_test(options),
        "upstream framing": upstream_framing.self_test(options),
        "client certificates": client_tls.self_test(options),
        "PROXY header": proxy_protocol.self_test(),
        "WebSocket bounds": websocket_bounds.self_test(options),
        "socks": socks.self_test(options),
    }
    if failed := [f"self-test of {name} failed: {fault}" for name, fault in found.items() if fault]:
        refuse([*failed, "mitmproxy differs from the version that was tested; reinstall it"])
    header_cap.install(host.limits, host.refused)
    socks.install(host.refused)
    host.proxy.addons.add(
        layer_gate.LayerGate(host.refused, host.passages),
        proxy_protocol.HeaderGate(host),
        header_cap.FirstHeadDeadline(host.limits, lambda client: host.on_refused(client, "head_deadline")),
        LeakFix(),
        OptionLock(options),
        ListenHost(host.proxy.addons.get("proxyserver"), options.listen_host),
        Backlog(host.proxy.addons.get("proxyserver")),
    )


def index(host: Host) -> None:
    """Make mitmproxy fast where it makes no difference."""
    prompt_events.install()
    message_types.install()
    header_lookup.install()
    spared_work.install()
    layer_walk.install(host.proxy.options)
    if fault := dispatch_trial.self_test():
        logger.warning("indexed dispatch is off, mitmproxy's own stays: %s", fault)
        return
    dispatch = Dispatch(host.proxy.addons, IDLE)
    dispatch.install()
    legacy = host.proxy._legacy_log_events
    legacy.emit = QuietLog(dispatch, legacy).emit  # type: ignore[method-assign]
    host.dispatch = "indexed"
