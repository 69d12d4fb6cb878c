"""What would be believed if these failed: that something passes without a verdict that is still in force."""

import gc

from mitmproxy.test import tflow

from parclose.hooks.verdicts import Verdicts


def test_nothing_is_admitted_or_approved_at_first() -> None:
    """A fresh registry denies, and is neither ready nor open."""
    verdicts, flow = Verdicts(), tflow.tflow()
    assert (verdicts.open, verdicts.is_admitted(flow), verdicts.is_denied(flow)) == (False, False, False)
    assert not verdicts.is_approved("client", ("a.example", 443))


def test_open_means_ready_and_not_draining() -> None:
    """New requests are judged only between start and shutdown."""
    verdicts = Verdicts()
    verdicts.ready = True
    assert verdicts.open
    verdicts.draining = True
    assert not verdicts.open


def test_a_denial_is_final_until_the_flow_is_forgotten() -> None:
    """An admission before or after a denial does not count."""
    verdicts, flow = Verdicts(), tflow.tflow()
    verdicts.admit(flow)
    verdicts.deny(flow)
    verdicts.admit(flow)
    assert (verdicts.is_admitted(flow), verdicts.is_denied(flow)) == (False, True)
    verdicts.forget(flow)
    verdicts.admit(flow)
    assert verdicts.is_admitted(flow)


def test_an_address_is_approved_for_one_client_by_its_host_and_port() -> None:
    """Case and the extra parts of an IPv6 address do not matter; client and port do."""
    verdicts = Verdicts()
    verdicts.approve_server("one", ("API.example", 443))
    assert verdicts.is_approved("one", ("api.EXAMPLE", 443))
    assert not verdicts.is_approved("one", ("api.example", 444))
    assert not verdicts.is_approved("two", ("api.example", 443))
    assert not verdicts.is_approved("one", None)
    verdicts.forget_client("one")
    assert not verdicts.is_approved("one", ("api.example", 443))


def test_a_flow_that_is_gone_takes_its_verdict_along() -> None:
    """The registry does not keep flows alive, so it cannot grow with traffic."""
    verdicts = Verdicts()
    verdicts.admit(tflow.tflow())
    gc.collect()
    assert len(verdicts._admitted) == 0
