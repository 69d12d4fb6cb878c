"""What would be believed if these failed: that sparing work changed what mitmproxy gets."""

import uuid
from collections.abc import Iterator

import pytest
from mitmproxy import connection, flow, options, optmanager
from mitmproxy.proxy import context
from mitmproxy.test import tflow

from parclose.hooks import spared_work


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """Spare the work, and leave things as they were found: another test may have installed everything."""
    was = context.Context.fork is spared_work.fork
    spared_work.install()
    yield
    if not was:
        spared_work.uninstall()


def test_a_fork_is_what_mitmproxy_makes() -> None:
    """The same client, server and options; layers of its own."""
    first = context.Context(tflow.tclient_conn(), options.Options())
    first.layers.append("layer")  # type: ignore[arg-type]
    stock, ours = spared_work._fork(first), first.fork()
    assert type(ours) is context.Context
    assert {name: id(held) for name, held in vars(ours).items() if name != "layers"} == {
        name: id(held) for name, held in vars(stock).items() if name != "layers"
    }
    assert ours.layers == stock.layers
    ours.layers.append("other")  # type: ignore[arg-type]
    assert len(first.layers) == 1


def test_every_option_reads_as_before() -> None:
    """Set or not; and what could be changed is a copy."""
    held = options.Options()
    held.update(listen_port=8081, showhost=True, mode=["regular", "socks5"])
    for name, option in held._options.items():
        assert option.current() == spared_work._current(option), name
    held.mode.append("spoilt")
    assert held.mode == ["regular", "socks5"]
    held.allow_hosts.append("spoilt")
    assert held.allow_hosts == []


def test_ids_are_uuids() -> None:
    """Connections and flows are named as before, each by its own."""
    named = [connection.Server(address=None).id for _ in range(2)] + [flow.Flow(None, None).id for _ in range(2)]  # type: ignore[arg-type]
    assert len(set(named)) == 4
    assert [uuid.UUID(text).version for text in named] == [4] * 4


def test_uninstalling_puts_all_back() -> None:
    """Nothing of ours stays."""
    spared_work.uninstall()
    assert vars(connection)["uuid"] is uuid
    assert vars(flow)["uuid"] is uuid
    assert context.Context.fork is spared_work._fork
    assert optmanager._Option.current is spared_work._current
