"""The options Parclose needs, those it cannot live beside, and the lock that keeps both while the proxy runs.

Three kinds:
- BASELINE: set by Parclose. Where mitmproxy's default is already the value needed, another value was a wish and
  refuses the start; where it is not, the value is set without a word.
- FORBIDDEN: must stay as mitmproxy leaves them, since each opens a way round the policy or changes what was judged.
- our own, prefix `parclose_`: a value mitmproxy cannot parse makes it drop the script silently, so they are looked at
  before it does.

Source: mitmproxy 12.2.3; experiments of November 2026 on what each option lets through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mitmproxy import exceptions, optmanager
from mitmproxy.proxy import mode_specs

PREFIX = "parclose_"
LOOPBACK = "127.0.0.1"

BASELINE: Mapping[str, Any] = {
    "keep_host_header": True,  # the host a client asked for is judged, not the upstream's
    "block_global": False,  # whose address may enter is the policy's business; an open proxy is refused (`doors.py`)
    "connection_strategy": "lazy",  # no upstream connection before the verdict
    "rawtcp": False,  # bytes without HTTP hooks
    "onboarding": False,  # answers any request whose Host is `mitm.it`
    "http3": False,  # a UDP listener beside each reverse:https one
    "upstream_cert": False,  # would connect upstream to look at a certificate
    "validate_inbound_headers": True,  # request smuggling
    "normalize_outbound_headers": True,
    "ssl_insecure": False,
    "request_client_cert": False,  # which listener asks for certificates is the policy's business
    "store_streamed_bodies": False,  # memory
    "keep_alt_svc_header": False,  # invites clients to leave by QUIC
    "proxy_debug": False,  # writes bodies and credentials to the log
}

FORBIDDEN: Mapping[str, str] = {
    "ignore_hosts": "its connections pass unseen; write the hosts into a segment",
    "allow_hosts": "all other hosts pass unseen; write the hosts into segments",
    "tcp_hosts": "its connections pass as raw TCP",
    "udp_hosts": "its connections pass as raw UDP",
    "map_remote": "it sends an allowed request elsewhere; use a segment's `upstream`",
    "map_local": "it answers requests from files, unjudged",
    "modify_body": "it changes what was judged",
    "modify_headers": "it changes what was judged",
    "stickyauth": "it lends one caller's credentials to others",
    "stickycookie": "it lends one caller's cookies to others",
    "anticache": "it changes what was judged",
    "anticomp": "it changes what was judged",
    "upstream_auth": "it adds credentials to requests after they were judged",
    "server_replay": "it answers requests from a recording, unjudged",
    "proxyauth": "it takes the proxy credentials away; identity comes from the policy",
    "body_size_limit": "it cuts responses too; use a segment's `max_body`",
    "add_upstream_certs_to_client_chain": "it needs a connection upstream before the verdict",
    "intercept": "an edited flow goes on unjudged; start with `--set parclose_edit=true`",
}
UNLOCKED_BY_EDIT = "intercept"
LOCKED_ALONGSIDE = ("mode", "listen_host", "listen_port", "server", "scripts", "websocket", "parclose_policy")
"""What else stays as it was at start: a listener or a script that came later would not be under the policy."""

KEY_LOG_VARIABLES = ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE")
REVERSE_SCHEMES = ("http", "https")
MODES = (mode_specs.RegularMode, mode_specs.UpstreamMode, mode_specs.Socks5Mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One option of Parclose's own: a str, bool or int, as mitmproxy can set them."""

    name: str
    kind: type
    default: str | bool | int
    help: str


OWN = (
    Declared(name="parclose_policy", kind=str, default="", help="The policy file to hold traffic to."),
    Declared(
        name="parclose_edit",
        kind=bool,
        default=False,
        help="Allow intercepting, editing and replaying flows in the console; edits are audited.",
    ),
)


def mode_offences(modes: Sequence[str]) -> list[str]:
    """Return a sentence for each proxy mode that is neither regular, upstream, SOCKS5 nor reverse to HTTP."""
    found = []
    for text in modes:
        try:
            mode: mode_specs.ProxyMode = mode_specs.ProxyMode.parse(text)
        except ValueError as error:
            found.append(f"mode `{text}`: {error}")
            continue
        reverse = isinstance(mode, mode_specs.ReverseMode) and mode.scheme in REVERSE_SCHEMES
        if not reverse and not isinstance(mode, MODES):
            found.append(f"mode `{text}`: not guarded; use regular, upstream, socks5, reverse:http or reverse:https")
    return found


def offences(options: optmanager.OptManager, environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each option, mode or variable beside which Parclose does not start."""
    edit = (PREFIX + "edit") in options and options.parclose_edit
    found = [
        f"option `{name}`: {why}"
        for name, why in FORBIDDEN.items()
        if name in options and getattr(options, name) and not (edit and name == UNLOCKED_BY_EDIT)
    ]
    found += [
        f"option `{name}`: must be `{show(wanted)}`; remove it"
        for name, wanted in BASELINE.items()
        if name in options and getattr(options, name) != wanted and options.default(name) == wanted
    ]
    found += mode_offences(options.mode)
    found += [
        f"environment variable `{name}`: it writes TLS keys to a file; unset it"
        for name in KEY_LOG_VARIABLES
        if environment.get(name)
    ]
    return found


def deferred_offences(deferred: Mapping[str, Any], own: Sequence[Declared]) -> list[str]:
    """Return a sentence for each waiting option of ours that is unknown or has no value of its kind."""
    declared = {option.name: option for option in own}
    found = []
    for name, value in deferred.items():
        if not name.startswith(PREFIX):
            continue
        if name not in declared:
            found.append(f"option `{name}`: unknown; there are {', '.join(f'`{known}`' for known in declared)}")
        elif (fault := value_fault(declared[name], value)) is not None:
            found.append(f"option `{name}`: {fault}")
    return found


def value_fault(option: Declared, value: Any) -> str | None:
    """Say what is wrong with a waiting value: texts from the command line, or a value from config.yaml."""
    texts = getattr(value, "val", None)
    if texts is None:
        return None if type(value) is option.kind else f"`{value}` is not {KIND_NAMES[option.kind]}"
    if len(texts) > 1:
        return "given more than once"
    text = texts[0] if texts else None
    if option.kind is bool:
        # mitmproxy takes an option without a value, and an empty one, for true.
        return None if text in {None, "", "true", "false"} else f"`{text}` is not `true` or `false`"
    if text is None:
        return "needs a value"
    return None if option.kind is str or text.lstrip("-").isdecimal() else f"`{text}` is not a whole number"


KIND_NAMES: Mapping[type, str] = {str: "text", bool: "`true` or `false`", int: "a whole number"}


def show(value: object) -> str:
    """Write a value as `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def declare(options: optmanager.OptManager, own: Sequence[Declared]) -> None:
    """Add our own options where they are not yet known; mitmproxy fills in what was set for them beforehand."""
    for option in own:
        if option.name not in options:
            options.add_option(option.name, option.kind, option.default, option.help)
    options.process_deferred()


def apply(options: optmanager.OptManager) -> None:
    """Set the baseline, and the loopback as listen host when none was chosen; call it after `offences` found none."""
    wanted = {name: value for name, value in BASELINE.items() if name in options and getattr(options, name) != value}
    if "listen_host" in options and not options.listen_host:
        wanted["listen_host"] = LOOPBACK
    options.update(**wanted)


def effective(options: optmanager.OptManager) -> dict[str, Any]:
    """Return the options that matter for safety as they are now, for the health page."""
    names = sorted({*BASELINE, *FORBIDDEN, *LOCKED_ALONGSIDE, PREFIX + "edit"})
    return {name: getattr(options, name) for name in names if name in options}


class OptionLock:
    """Vetoes every later change of the options that matter; stands on the master's chain, beyond a script's reach."""

    name = "parclose-option-lock"

    def __init__(self, options: optmanager.OptManager) -> None:
        self._options = options
        self._kept: dict[str, Any] = {}

    def running(self) -> None:
        """Keep the values of this moment."""
        self._kept = effective(self._options)

    def configure(self, updated: set[str]) -> None:
        """Compare what changed; raises: OptionsError, by which mitmproxy takes the whole change back."""
        free = {UNLOCKED_BY_EDIT} if self._kept.get(PREFIX + "edit") else set()
        changed = sorted(
            name for name in (updated & self._kept.keys()) - free if getattr(self._options, name) != self._kept[name]
        )
        if changed:
            raise exceptions.OptionsError(
                f"{', '.join(f'`{name}`' for name in changed)} cannot change while Parclose guards; restart with it"
            )
