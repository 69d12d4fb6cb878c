"""The policy as written to the policy as used: defaults, profiles, inheritance, units, and every name resolved.

A section reads only those compiled before it; what is wrong is reported and compiling goes on, so that all mistakes
are shown at once. What comes out after a finding is never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from parclose.policy.compile_audit import compile_audit, note_bodies
from parclose.policy.compile_certificates import compile_client_cas
from parclose.policy.compile_forward import compile_errors, compile_upstreams
from parclose.policy.compile_guardrails import compile_guardrails
from parclose.policy.compile_identity import compile_attributes, compile_clients, compile_scopes
from parclose.policy.compile_issuers import compile_issuers
from parclose.policy.compile_keys import compile_key_stores
from parclose.policy.compile_limits import compile_limiter, compile_shared
from parclose.policy.compile_modes import in_force, shadow_of
from parclose.policy.compile_network import compile_admission, compile_geo, compile_listeners, compile_zones
from parclose.policy.compile_order import order_places
from parclose.policy.compile_segments import compile_segments
from parclose.policy.compile_tests import compile_personas, compile_tests
from parclose.policy.desk import Desk, unenforced_of
from parclose.policy.folding import fold_surfaces
from parclose.policy.identity import ClaimPath
from parclose.policy.model import Geo, Listener, Paths, Policy, Reload, Settings
from parclose.policy.resources import build_resources
from parclose.policy.schema import PolicySpec
from parclose.policy.schema_settings import SettingsSpec
from parclose.policy.segment import Segment
from parclose.policy.surface import build_surfaces, places

# What the decision or the audit reads of every token, whatever the policy maps (RFC 7519, RFC 9068, OIDC Core).
_CLAIMS = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "amr", "acr", "auth_time")


def compile_policy(desk: Desk) -> Policy:
    """Return the policy as used; only to be trusted when the desk's source holds no error."""
    spec, source = desk.spec, desk.source
    name = str(spec.name or source.folder.name or "policy")
    geo, listeners = _compile_places(desk)
    _compile_callers(desk)
    settings = _settings(desk, listeners, name)
    segments = in_force(whole := compile_segments(desk, settings.errors.realm))
    standing = places(segments.values())
    personas = compile_personas(desk)
    policy = Policy(
        name=name,
        path=source.path,
        settings=settings,
        zones=desk.zones,
        surfaces=build_surfaces(standing, order_places(desk, standing)),
        folded=fold_surfaces(standing),
        resources=build_resources(segments.values(), desk.issuers),
        segments=segments,
        clients=desk.clients,
        issuers=desk.issuers,
        issuer_of={issuer.iss: issuer.name for issuer in desk.issuers.values() if issuer.iss},
        client_cas=desk.client_cas,
        key_stores=desk.key_stores,
        attributes=desk.attributes,
        scopes=desk.scopes,
        roles=desk.roles,
        geo=geo,
        upstreams=desk.upstreams,
        audit=compile_audit(desk),
        personas=personas,
        tests=compile_tests(desk, personas, segments),
        identity_headers=_identity_headers(spec, segments),
        claims_read=_claims_read(desk),
        unenforced=unenforced_of(desk),
        guardrails=compile_guardrails(desk),
        # Last, since everything must have been read.
        revision=source.revision,
        files=source.files,
    )
    return replace(policy, shadow=shadow_of(desk, policy, whole))


def _compile_places(desk: Desk) -> tuple[Geo | None, tuple[Listener, ...]]:
    compile_zones(desk)
    return compile_geo(desk), compile_listeners(desk)


def _compile_callers(desk: Desk) -> None:
    compile_scopes(desk)
    compile_attributes(desk)
    compile_issuers(desk)
    compile_client_cas(desk)
    compile_key_stores(desk)
    compile_clients(desk)
    compile_upstreams(desk)
    compile_shared(desk)
    note_bodies(desk)


def _settings(desk: Desk, listeners: tuple[Listener, ...], name: str) -> Settings:
    spec = desk.spec.settings
    envs = _envs(desk)
    if spec is None:
        return Settings(
            listeners=listeners,
            admission=compile_admission(desk, None),
            errors=compile_errors((), name),
            envs=envs,
        )
    host, port = _admin(desk)
    paths, reload = spec.paths, spec.reload
    return Settings(
        listeners=listeners,
        admin_host=host,
        admin_port=port,
        sni=spec.sni,
        paths=(
            Paths(
                normalize=paths.normalize,
                trailing_slash=paths.trailing_slash,
                case=paths.case,
                divergence=paths.divergence,
            )
            if paths
            else Paths()
        ),
        admission=compile_admission(desk, spec.admission),
        errors=compile_errors((spec.errors,) if spec.errors else (), name),
        reload=(
            Reload(watch_s=reload.watch, require_tests=reload.require_tests, min_coverage=reload.min_coverage)
            if reload
            else Reload()
        ),
        envs=envs,
        limiter=compile_limiter(desk, (spec.limiter,) if spec.limiter else ()),
        **_on_the_wire(desk, spec),
    )


def _on_the_wire(desk: Desk, spec: SettingsSpec) -> dict[str, Any]:
    """Return what is said of messages; what is only read so far is noted."""
    if spec.legacy_ratelimit_headers:
        desk.unenforced(spec.at("legacy_ratelimit_headers"), "`legacy_ratelimit_headers`")
    if spec.websocket is None or spec.websocket.max_message is None:
        return {"legacy_ratelimit_headers": spec.legacy_ratelimit_headers}
    return {
        "legacy_ratelimit_headers": spec.legacy_ratelimit_headers,
        "max_message_bytes": spec.websocket.max_message,
    }


def _envs(desk: Desk) -> dict[str, tuple[str, ...]]:
    """Return for each env its host patterns, and its listeners as `listener NAME`; the default one has none."""
    settings = desk.spec.settings
    written = (settings.envs or {}) if settings else {}
    desk.envs = tuple(map(str, written))
    defaults = [name for name, env in written.items() if env.default]
    if written and len(defaults) != 1 and settings is not None:
        at = defaults[1].mark if defaults else settings.at("envs")
        desk.report("TYP003", at, "exactly one env is the default", fix="write `{default: true}` in one env")
    found: dict[str, tuple[str, ...]] = {}
    for name, env in written.items():
        listeners = [n for n in env.listeners or () if desk.knows(n, desk.listeners, "listener")]
        found[str(name)] = (*map(str, env.hosts or ()), *(f"listener {listener}" for listener in listeners))
    return found


def _admin(desk: Desk) -> tuple[str, int]:
    settings = desk.spec.settings
    text = settings.admin.listen if settings and settings.admin else None
    if text is None:
        return "127.0.0.1", 9464
    if text == "off":
        return "", 0
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ip_address(host)
        if not (port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError("no port")
    except ValueError:
        desk.report(
            "TYP002", text.mark, f"`{text}` is no address and port", fix="write `127.0.0.1:9464` or `off`", text=text
        )
        return "127.0.0.1", 9464
    return host, int(port)


def _identity_headers(spec: PolicySpec, segments: Mapping[str, Segment]) -> frozenset[str]:
    """Return every header that some `forward` in force sets: nobody may claim one, not even where it is not set."""
    written = [spec.settings.forward] if spec.settings and spec.settings.forward else []
    written += [part.forward for part in spec.profiles.values() if part.forward]
    written += [part.forward for name, part in spec.segments.items() if part.forward and name in segments]
    named = {header.lower() for forward in written for header in forward.identity or ()}
    return frozenset(named | {forward.assertion.header.lower() for forward in written if forward.assertion})


def _claims_read(desk: Desk) -> frozenset[ClaimPath]:
    found: set[ClaimPath] = {(name,) for name in _CLAIMS}
    for issuer in desk.issuers.values():
        claims = issuer.claims
        for paths in (claims.subject, claims.client, claims.scopes, claims.roles, claims.tenant):
            found.update(paths)
    found.update(attribute.claim for attribute in desk.attributes.values())
    return frozenset(found)
