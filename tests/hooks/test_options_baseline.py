"""What would be believed if these failed: that Parclose guards beside an option that lets traffic round it."""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from mitmproxy import exceptions, optmanager
from mitmproxy.addons import default_addons
from mitmproxy.addons.intercept import Intercept
from mitmproxy.options import Options
from mitmproxy.proxy import mode_specs
from mitmproxy.test import taddons

from parclose.hooks.options_baseline import (
    BASELINE,
    FORBIDDEN,
    LOCKED_ALONGSIDE,
    OWN,
    Declared,
    OptionLock,
    apply,
    declare,
    deferred_offences,
    effective,
    mode_offences,
    offences,
    show,
    value_fault,
)

VALUES: dict[str, Any] = {
    "map_remote": ["|a|b"],
    "map_local": ["|a|/tmp"],
    "modify_body": ["|a|b"],
    "modify_headers": ["|a|b"],
    "stickyauth": "~all",
    "stickycookie": "~all",
    "upstream_auth": "a:b",
    "server_replay": ["recording"],
    "proxyauth": "any",
    "body_size_limit": "1m",
    "intercept": "~all",
}


class Bare:
    """Declares the options of an addon and does nothing else, so that no file is read and no port opened."""

    def __init__(self, addon: Any) -> None:
        """Keep the addon whose options are wanted."""
        if hasattr(addon, "load"):
            self.load = addon.load
        self.name = f"bare {type(addon).__name__}"


@pytest.fixture
def options() -> Iterator[Options]:
    """Mitmproxy's options with all default addons' and Parclose's own, untouched."""
    with taddons.context(*(Bare(addon) for addon in [*default_addons(), Intercept()]), loadcore=False) as context:
        declare(context.options, OWN)
        yield context.options


def test_untouched_options_are_accepted(options: Options) -> None:
    """A plain start has nothing against it."""
    assert offences(options, {}) == []


def test_every_option_named_here_exists(options: Options) -> None:
    """No name is misspelt, which would guard nothing."""
    assert {*BASELINE, *FORBIDDEN, *LOCKED_ALONGSIDE} <= options.keys()


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_a_forbidden_option_refuses_the_start(options: Options, name: str) -> None:
    """Each option that opens a way round is named with its reason."""
    value = VALUES.get(name, True if isinstance(options.default(name), bool) else ["x"])
    options.update(**{name: value})
    (sentence,) = offences(options, {})
    assert sentence == f"option `{name}`: {FORBIDDEN[name]}"


@pytest.mark.parametrize("name", sorted(BASELINE))
def test_a_wish_against_the_baseline_refuses_the_start(options: Options, name: str) -> None:
    """Where mitmproxy's default is what Parclose needs, another value was chosen by somebody."""
    wanted = BASELINE[name]
    options.update(**{name: not wanted if isinstance(wanted, bool) else "eager"})
    by_default = options.default(name) == wanted
    assert offences(options, {}) == ([f"option `{name}`: must be `{show(wanted)}`; remove it"] if by_default else [])
    if not by_default:
        apply(options)
        assert getattr(options, name) == wanted


def test_all_offences_are_told_at_once(options: Options) -> None:
    """Options, modes and variables are listed together, so that one start shows all."""
    options.update(anticache=True, ssl_insecure=True, mode=["dns", "tun"])
    found = offences(options, {"SSLKEYLOGFILE": "x", "MITMPROXY_SSLKEYLOGFILE": "y"})
    assert [sentence.split("`")[1] for sentence in found] == [
        "anticache",
        "ssl_insecure",
        "dns",
        "tun",
        "SSLKEYLOGFILE",
        "MITMPROXY_SSLKEYLOGFILE",
    ]


def test_edit_unlocks_intercept_alone(options: Options) -> None:
    """With `parclose_edit` an intercept filter is accepted, nothing else."""
    options.update(parclose_edit=True, intercept="~all", anticomp=True)
    assert [sentence.split("`")[1] for sentence in offences(options, {})] == ["anticomp"]


MODES = [
    ("regular", True),
    ("regular@127.0.0.1:8080", True),
    ("upstream:http://proxy.example:3128", True),
    ("upstream:https://proxy.example:3128", True),
    ("upstream:socks5://proxy.example:1080", False),
    ("socks5", True),
    ("socks5:name", False),
    ("reverse:http://api.example", True),
    ("reverse:https://api.example", True),
    ("reverse:http3://api.example", False),
    ("reverse:tcp://api.example:1", False),
    ("reverse:tls://api.example:1", False),
    ("reverse:dns://1.1.1.1", False),
    ("reverse:udp://1.1.1.1:1", False),
    ("reverse:quic://1.1.1.1:1", False),
    ("reverse:dtls://1.1.1.1:1", False),
    ("transparent", False),
    ("dns", False),
    ("wireguard", False),
    ("tun", False),
    ("local", False),
    ("local:curl", False),
    ("osproxy", False),
    ("nonsense", False),
]


@pytest.mark.parametrize(("mode", "accepted"), MODES)
def test_modes_pass_by_list(mode: str, accepted: bool) -> None:
    """Only modes whose bytes all become HTTP hooks are guarded; the others are refused by a sentence each."""
    found = mode_offences([mode])
    assert (found == []) is accepted
    assert all(sentence.startswith(f"mode `{mode}`: ") for sentence in found)


def test_no_mode_of_mitmproxy_is_forgotten() -> None:
    """Each mode, and each protocol of `reverse` and `upstream`, is in the table above: a new one would be noticed."""
    schemes = {
        kind: get_args(get_type_hints(made)["scheme"])
        for kind, made in (("reverse", mode_specs.ReverseMode), ("upstream", mode_specs.UpstreamMode))
    }
    known = set(mode_specs.ProxyMode._ProxyMode__types)  # type: ignore[attr-defined]
    wanted = (known - set(schemes)) | {f"{kind}:{scheme}" for kind, found in schemes.items() for scheme in found}
    assert wanted <= {mode.partition("@")[0].partition("://")[0] for mode, _ in MODES}


NUMBER = Declared(name="parclose_n", kind=int, default=1, help="n")


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        (OWN[0], ["a"], None),
        (OWN[0], [], "needs a value"),
        (OWN[0], ["a", "b"], "given more than once"),
        (OWN[1], [], None),
        (OWN[1], ["true"], None),
        (OWN[1], ["false"], None),
        (OWN[1], ["yes"], "`yes` is not `true` or `false`"),
        (NUMBER, ["-12"], None),
        (NUMBER, ["abc"], "`abc` is not a whole number"),
        (NUMBER, ["1.5"], "`1.5` is not a whole number"),
        (NUMBER, [], "needs a value"),
    ],
)
def test_values_from_the_command_line_are_parsed_before_mitmproxy_does(
    option: Declared, value: list[str], fault: str | None
) -> None:
    """What mitmproxy would refuse, silently and with the script, is told beforehand."""
    assert value_fault(option, optmanager._UnconvertedStrings(value)) == fault


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        (OWN[0], "a", None),
        (OWN[0], 5, "`5` is not text"),
        (OWN[1], True, None),
        (OWN[1], 1, "`1` is not `true` or `false`"),
        (NUMBER, True, "`True` is not a whole number"),
    ],
)
def test_values_from_a_file_have_their_type(option: Declared, value: object, fault: str | None) -> None:
    """A value of config.yaml is of the declared type itself."""
    assert value_fault(option, value) == fault


def test_only_our_own_waiting_options_are_looked_at() -> None:
    """Unknown names with our prefix are refused, others' are left to whom they belong."""
    waiting = {"parclose_x": "1", "other_x": "1", "parclose_policy": "p.yaml", "parclose_edit": "maybe"}
    assert [sentence.split("`")[1] for sentence in deferred_offences(waiting, OWN)] == ["parclose_x", "parclose_edit"]


def test_declaring_takes_up_what_was_set_before() -> None:
    """An option set on the command line has its value as soon as it is declared; a second declaration is harmless."""
    options = Options()
    options.set("parclose_policy=p.yaml", defer=True)
    declare(options, OWN)
    declare(options, OWN)
    assert options.parclose_policy == "p.yaml"


@pytest.mark.parametrize(("chosen", "expected"), [("", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::1", "::1")])
def test_the_listen_host_is_the_loopback_unless_chosen(options: Options, chosen: str, expected: str) -> None:
    """Nobody listens on every interface by accident."""
    options.update(listen_host=chosen)
    apply(options)
    assert options.listen_host == expected


def test_the_lock_takes_changes_back(options: Options) -> None:
    """A change of what matters is vetoed and undone, others pass, and before `running` nothing is locked."""
    apply(options)
    lock = OptionLock(options)
    options.changed.connect(lock.configure)
    options.update(tcp_timeout=10, rawtcp=True)
    options.update(rawtcp=False)
    lock.running()
    changes: list[dict[str, Any]] = [{"ssl_insecure": True}, {"mode": ["socks5"]}, {"intercept": "~all"}]
    for change in changes:
        before = effective(options)
        with pytest.raises(exceptions.OptionsError, match="cannot change while Parclose guards"):
            options.update(**change)
        assert effective(options) == before
    options.update(tcp_timeout=20)
    assert options.tcp_timeout == 20


def test_the_lock_leaves_intercept_to_an_editor(options: Options) -> None:
    """With `parclose_edit` the filter may change, the switch itself may not."""
    options.update(parclose_edit=True)
    lock = OptionLock(options)
    options.changed.connect(lock.configure)
    lock.running()
    options.update(intercept="~all")
    with pytest.raises(exceptions.OptionsError, match="`parclose_edit`"):
        options.update(parclose_edit=False)
