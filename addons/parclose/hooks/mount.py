"""Builds our addons from the one order of stages, guards them, and proves that nothing is missing or twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from mitmproxy import addonmanager, ctx, hooks, master, options

from parclose.engine import CONCERNS, STAGES, Stage
from parclose.hooks import client_tls, error_pages, proxy_protocol, websocket_bounds
from parclose.hooks.audit_sink import AuditSink
from parclose.hooks.authn import Authn
from parclose.hooks.client_certificates import ClientCertificates
from parclose.hooks.departure import Departure
from parclose.hooks.doors import doors_of
from parclose.hooks.editions import Press
from parclose.hooks.exchange import Exchanges
from parclose.hooks.guard import GUARDED, Guard
from parclose.hooks.handshakes import asking_of
from parclose.hooks.health import Health
from parclose.hooks.host import Host, install, refuse
from parclose.hooks.inspector import Inspector
from parclose.hooks.intake import Intake
from parclose.hooks.long_lived import LongLived
from parclose.hooks.metrics import Metrics
from parclose.hooks.network_rules import NetworkRules
from parclose.hooks.options_baseline import OWN, Declared
from parclose.hooks.policy_file import PolicyFile
from parclose.hooks.rate_limiting import RateLimiting
from parclose.hooks.scope_enforcement import ScopeEnforcement
from parclose.hooks.segment_classifier import SegmentClassifier
from parclose.hooks.service import Service
from parclose.hooks.shadow import Shadow
from parclose.hooks.stage import StageAddon
from parclose.hooks.upstream_trust import UpstreamTrust

CLASSES: Sequence[type[StageAddon]] = (SegmentClassifier, NetworkRules, Authn, ScopeEnforcement, RateLimiting)
COLUMNS = Declared(
    name="parclose_web_columns", kind=bool, default=True, help="Show the comment column, with verdicts, in mitmweb."
)
UNGUARDED = frozenset({"load", "configure", "running"})


def mount(loader: str = "") -> list[object]:
    """Install Parclose on the running mitmproxy and return its addons, in order; `loader` is the script's own path.

    Raises:
        SystemExit: options, mitmproxy or the policy are not fit to start with.
    """
    return mount_on(ctx.master, loader)


def mount_on(proxy: master.Master, loader: str = "") -> list[object]:
    """Install Parclose on a master and return its addons."""
    host = install(proxy, own=(*OWN, COLUMNS))
    error_pages.install()
    if fault := error_pages.self_test():
        refuse([f"self-test of error pages failed: {fault}"])
    service = service_of(host, proxy.options)
    guard = Guard(refusal=service.refusal, count=service.metrics.guard_failed, revoke=host.verdicts.deny)
    path = proxy.options.parclose_policy
    press = Press(
        path=str(Path(path).expanduser()) if path else "", doors=doors_of(proxy.options) if service.serves else ()
    )
    policy_file = PolicyFile(service, press)
    audit = AuditSink(service)
    attach(host, service, audit)
    addons: list[object] = [
        policy_file,
        ClientCertificates(service, audit.refused),
        Intake(service),
        *stage_addons(service.exchanges),
        Departure(service),
        Shadow(service),
        LongLived(service),
        audit,
        Inspector(service),
        Health(service, host),
    ]
    addons.append(Readiness(host, addons, loader))
    if fault := fault_of(addons):
        refuse([f"self-check failed: {fault}"])
    policy_file.start()
    for addon in (Completeness(host), guard.wrap(UpstreamTrust(service))):
        if (before := proxy.addons.get(addon.name)) is not None:  # of a script that is loaded again
            proxy.addons.remove(before)
        proxy.addons.add(addon)
    return [guard.wrap(addon) for addon in addons]


def service_of(host: Host, chosen: options.Options) -> Service:
    """Return the state that all addons share, around what the host's overrides remember."""
    return Service(
        metrics=Metrics(),
        verdicts=host.verdicts,
        passages=host.passages,
        claims=host.claims,
        edit=chosen.parclose_edit,
        serves=chosen.server,
    )


def attach(host: Host, service: Service, audit: AuditSink) -> None:
    """Let the overrides of connections ask the policy in force, and tell the audit what they refuse."""
    host.on_refused = audit.refused
    client_tls.install(lambda client: asking_of(service.edition, client))
    proxy_protocol.install(lambda client: proxy_protocol.is_asked_by(service.edition, client), host.claims)
    websocket_bounds.install(service.max_message_bytes)


def stage_addons(exchanges: Exchanges) -> Iterator[StageAddon]:
    """Yield one addon for each run of adjacent stages of a concern, in the order of evaluation."""
    made = {addon.concern: addon for addon in CLASSES}
    names = {concern.name: concern.addon for concern in CONCERNS}
    runs = [(concern, list(stages)) for concern, stages in groupby(STAGES, key=lambda stage: stage.concern)]
    for concern, stages in runs:
        alone = len([other for other, _ in runs if other == concern]) == 1
        name = names[concern]
        yield made[concern](name if alone or stages[0].name == name else f"{name}.{stages[0].name}", stages, exchanges)


def fault_of(addons: Sequence[object]) -> str:
    """Return what is wrong with a set of addons, empty when each stage is there once, in order, and all is guarded."""
    asked: list[Stage] = [stage for addon in addons if isinstance(addon, StageAddon) for stage in addon.stages]
    if tuple(asked) != STAGES:
        return f"the stages asked are {', '.join(stage.name for stage in asked)}"
    names = [str(getattr(addon, "name", "")) for addon in addons]
    if len(set(names)) != len(names) or not all(names):
        return f"addons are not named apart: {', '.join(names)}"
    for name, addon in zip(names, addons, strict=True):
        judges = isinstance(addon, StageAddon | Intake | Departure | AuditSink)
        for hook in ("requestheaders", "http_connect"):
            if judges and not callable(getattr(addon, hook, None)):
                return f"`{name}` has no `{hook}`"
        for hook in hooks.all_hooks:
            if hasattr(addon, hook) and hook not in GUARDED and hook not in UNGUARDED:
                return f"`{name}.{hook}` is not guarded"
    return ""


class Readiness:
    """The last addon: opens the house once all others are registered, and stops mitmproxy's watcher of the script."""

    name = "readiness"

    def __init__(self, host: Host, addons: Sequence[object], loader: str) -> None:
        """Take what must be there."""
        self._host = host
        self._expected = tuple(str(getattr(addon, "name", "")) for addon in addons)
        self._loader = loader

    def running(self) -> None:
        """Look whether every addon is registered, in order; requests are served from here on.

        Raises:
            RuntimeError: one is missing, twice or out of order, or something has failed already; mitmproxy then ends,
                and until it has, everything is refused.
        """
        proxy = self._host.proxy
        names = [str(getattr(addon, "name", "")) for addon in addonmanager.traverse(proxy.addons.chain)]
        if (registered := tuple(name for name in names if name in self._expected)) != self._expected:
            raise RuntimeError(f"addons are not registered as mounted: {', '.join(registered)}")
        errors = proxy.addons.get("errorcheck")
        if errors is not None and errors.logger.has_errored:
            raise RuntimeError("errors were logged while starting")  # mitmproxy ends, but serves until it has
        if self._loader:
            self._host.freeze(self._loader)
        self._host.verdicts.ready = True


class Completeness:
    """Ends a start in which nobody opened the house; on the master's chain, so that no script can leave it out."""

    name = "parclose-completeness"

    def __init__(self, host: Host) -> None:
        """Take what must be open."""
        self._host = host

    def running(self) -> None:
        """Look, after every script has started.

        Raises:
            RuntimeError: our addons never reached mitmproxy, which ends; until it has, everything is refused.
        """
        if not self._host.verdicts.ready:
            raise RuntimeError("nothing is guarded; the script must say `addons = mount(__file__)` and keep them all")
