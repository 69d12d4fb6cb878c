"""What would be believed if these failed: that nothing ends twice, and that an unfinished walk allows nothing."""

from pathlib import Path

from parclose.reasons import Reason
from parclose.verdict import Effect, Verdict
from tests.hooks.ground import exchange, live, service


def test_an_unfinished_walk_is_refused(tmp_path: Path) -> None:
    """A verdict is what the stages have earned, the first time it is asked for."""
    under_way = exchange(service(tmp_path))
    assert under_way.conclude().reason is Reason.INTERNAL_ERROR
    assert not under_way.conclude().allowed


def test_a_refusal_of_our_own_keeps_what_was_found(tmp_path: Path) -> None:
    """The decision id, the revision and the address stay; an allow does not."""
    under_way = exchange(service(tmp_path))
    under_way.verdict = Verdict(effect=Effect.ALLOW, reason=None)
    under_way.walk.client_ip = "203.0.113.10"
    refused = under_way.refuse(Reason.AUDIT_UNAVAILABLE, found="x")
    assert (refused.effect, refused.status, refused.reason) == (Effect.DENY, 503, Reason.AUDIT_UNAVAILABLE)
    assert (refused.decision, refused.client_ip, refused.found) == ("test", "203.0.113.10", "x")
    assert under_way.conclude() is refused


def test_whose_wording(tmp_path: Path) -> None:
    """The segment's, but the policy's own where there is none, or where it hides."""
    under_way = exchange(service(tmp_path))
    own, shop = under_way.walk.policy.settings.errors, under_way.walk.policy.segments["shop"].errors
    assert under_way.errors is own
    under_way.verdict = Verdict(segment="shop")
    assert under_way.errors is shop
    under_way.verdict = Verdict(segment="shop", concealed=True)
    assert under_way.errors is own


def test_nothing_ends_twice(tmp_path: Path) -> None:
    """An exchange is found by flow and by client until it ends, once."""
    house, judged = service(tmp_path), live()
    under_way = exchange(house, judged=judged)
    assert house.exchanges.get(judged.id) is under_way
    assert list(house.exchanges) == [under_way] == list(house.exchanges.of_client(judged.client_conn.id))
    assert house.exchanges.end(judged.id) is under_way
    assert house.exchanges.end(judged.id) is None
    assert (len(house.exchanges), house.exchanges.of_client(judged.client_conn.id)) == (0, ())
