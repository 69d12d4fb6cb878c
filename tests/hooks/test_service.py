"""What would be believed if these failed: that every refusal is worded, denied for good, and asks for no second try."""

import json
from pathlib import Path

import pytest

from parclose.reasons import Reason
from parclose.verdict import Effect, Verdict
from tests.hooks.ground import exchange, forward, live, service


@pytest.mark.parametrize(
    ("ready", "draining", "state"), [(False, False, "starting"), (True, False, "ready"), (True, True, "draining")]
)
def test_the_state(tmp_path: Path, ready: bool, draining: bool, state: str) -> None:
    """Served only when ready and not draining."""
    house = service(tmp_path)
    house.verdicts.ready, house.verdicts.draining = ready, draining
    assert house.state == state


def test_a_refusal_is_answered_and_denied(tmp_path: Path) -> None:
    """The answer is the verdict's; the seal will never let the flow pass."""
    house, judged = service(tmp_path), live()
    under_way = exchange(house, judged=judged)
    under_way.verdict = Verdict(reason=Reason.NO_ROUTE, status=404)
    house.refuse(judged, under_way, Reason.INTERNAL_ERROR)
    assert judged.response is not None
    assert (judged.response.status_code, house.verdicts.is_denied(judged)) == (404, True)
    house.verdicts.admit(judged)
    assert not house.verdicts.is_admitted(judged)


def test_an_allow_is_never_the_wording_of_a_refusal(tmp_path: Path) -> None:
    """Where the verdict allows and the request is refused all the same, the reason given counts."""
    house, judged = service(tmp_path), live()
    under_way = exchange(house, judged=judged)
    under_way.verdict = Verdict(effect=Effect.ALLOW, reason=None, status=200)
    assert house.answer_to(judged, under_way, Reason.POLICY_UNAVAILABLE).status_code == 503


def test_the_guards_refusal_is_written_into_the_exchange(tmp_path: Path) -> None:
    """So that the audit records what was answered; without an exchange it is answered all the same."""
    house, judged = service(tmp_path), live()
    under_way = exchange(house, judged=judged)
    made = house.refusal(judged)
    assert (made.status_code, json.loads(made.content or b"")["reason"]) == (503, "internal_error")
    assert under_way.conclude().reason is Reason.INTERNAL_ERROR
    assert house.refusal(live()).status_code == 503


def test_a_refused_tunnel_closes(tmp_path: Path) -> None:
    """What stands behind a refused CONNECT is never read as a request."""
    house, judged = service(tmp_path), forward("CONNECT http://x/")
    under_way = exchange(house, judged=judged)
    under_way.verdict = Verdict(reason=Reason.CREDENTIAL_MISSING, status=401)
    made = house.answer_to(judged, under_way, Reason.INTERNAL_ERROR)
    assert (made.status_code, made.headers["connection"]) == (407, "close")
