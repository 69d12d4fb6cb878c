"""What would be believed if these failed: that a request is judged by one policy, or refused where there is none."""

from dataclasses import replace
from pathlib import Path

import pytest

from parclose.facts import Presented
from parclose.hooks.client_tls import Asking
from parclose.hooks.handshakes import Shown
from parclose.hooks.intake import Intake
from parclose.hooks.passages import Passage
from parclose.hooks.service import Service
from parclose.hooks.tunnels import Tunnel
from parclose.reasons import Reason
from tests.hooks.ground import edition, forward, live, service


def test_the_policy_is_pinned(tmp_path: Path) -> None:
    """What is in force at the first hook stays with the request, whatever comes after."""
    house, judged = service(tmp_path), live()
    first = house.edition
    Intake(house).requestheaders(judged)
    house.edition = edition(tmp_path)
    under_way = house.exchanges.get(judged.id)
    assert under_way is not None
    assert under_way.edition is first
    assert under_way.walk.facts.host == "api.test"
    assert under_way.verdict is None


def test_without_a_policy_nothing_passes(tmp_path: Path) -> None:
    """There is nobody to judge."""
    house, judged = service(tmp_path), live()
    house.edition = None
    Intake(house).requestheaders(judged)
    assert judged.response is not None
    assert b"policy_unavailable" in (judged.response.content or b"")
    assert house.verdicts.is_denied(judged)


@pytest.mark.parametrize(
    ("ready", "replay", "edit", "reason"),
    [
        (False, False, False, Reason.NOT_READY),
        (True, True, False, Reason.PROTOCOL_DENIED),
        (True, True, True, None),
        (True, False, False, None),
    ],
)
def test_who_is_refused_at_the_door(
    tmp_path: Path, ready: bool, replay: bool, edit: bool, reason: Reason | None
) -> None:
    """Requests before we are ready, and replays unless editing is allowed: then from an unknown address."""
    house, judged = service(tmp_path), live()
    house.verdicts.ready, house.edit = ready, edit
    judged.is_replay = "request" if replay else None
    Intake(house).requestheaders(judged)
    under_way = house.exchanges.get(judged.id)
    assert under_way is not None
    assert (under_way.verdict.reason if under_way.verdict else None) is reason
    assert under_way.walk.facts.peer == ("" if replay else "203.0.113.10")


def test_loaded_flows_are_not_taken_in(tmp_path: Path) -> None:
    """A recording is never judged live."""
    house, judged = service(tmp_path), live()
    judged.live = False
    Intake(house).requestheaders(judged)
    assert len(house.exchanges) == 0
    assert judged.response is None


def test_a_tunnel_lends_its_identity_until_it_closes(tmp_path: Path) -> None:
    """Requests inside are known to be; after the connection has gone, its id means nothing."""
    house, judged = service(tmp_path), forward("GET https://www.example.org/")
    intake = Intake(house)
    house.tunnels.open(judged.client_conn.id, Tunnel(host="www.example.org", port=443))
    intake.requestheaders(judged)
    under_way = house.exchanges.get(judged.id)
    assert under_way is not None
    assert under_way.walk.facts.tunnel
    house.passages.open(judged.client_conn.id, Passage(host="www.example.org", address=("192.0.2.1", 443)))
    intake.client_disconnected(judged.client_conn)
    assert house.tunnels.of(judged.client_conn.id) is None
    assert house.passages.of(judged.client_conn.id) is None


def asked(house: Service, mode: str) -> None:
    """Let the reverse listener ask for certificates."""
    assert house.edition is not None
    listener = house.edition.policy.settings.listeners[0]
    house.edition = replace(house.edition, asks={listener: Asking(mode=mode)})


@pytest.mark.parametrize(
    ("mode", "shown", "replay", "presented", "faults"),
    [
        ("", None, False, [], ()),
        ("request", None, False, [], ()),
        ("request", Shown(text="c"), False, ["mtls handshake c"], ()),
        ("request", Shown(text="c"), True, [], ()),
        ("require", Shown(text="c", verified=True), False, ["mtls handshake c"], ()),
        # In the clear, or from before the listener required one.
        ("require", None, False, [], ("protocol_denied:client_cert",)),
        ("require", Shown(text="c"), False, ["mtls handshake c"], ("protocol_denied:client_cert",)),
    ],
)
def test_what_the_handshake_brought(  # noqa: PLR0917 - the columns of a table
    tmp_path: Path, mode: str, shown: Shown | None, replay: bool, presented: list[str], faults: tuple[str, ...]
) -> None:
    """Each request of the connection presents it; a request sent again from the console has no handshake."""
    house, judged = service(tmp_path), live()
    if mode:
        asked(house, mode)
    house.edit, judged.is_replay = replay, "request" if replay else None
    if shown is not None:
        house.handshakes.show(judged.client_conn.id, shown)
    Intake(house).requestheaders(judged)
    under_way = house.exchanges.get(judged.id)
    assert under_way is not None
    facts = under_way.walk.facts
    assert [f"{one.kind} {one.place} {one.text}" for one in facts.presented] == presented
    assert facts.faults == faults


def test_a_tunnel_has_the_certificate_of_its_connect(tmp_path: Path) -> None:
    """Once: it is among what the CONNECT came with."""
    house, judged = service(tmp_path), forward("GET https://www.example.org/")
    came = Presented(kind="mtls", place="handshake", text="c")
    house.tunnels.open(judged.client_conn.id, Tunnel(host="www.example.org", port=443, presented=(came,)))
    house.handshakes.show(judged.client_conn.id, Shown(text="c"))
    Intake(house).requestheaders(judged)
    under_way = house.exchanges.get(judged.id)
    assert under_way is not None
    assert under_way.walk.facts.presented == (came,)
