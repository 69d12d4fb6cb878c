"""The world of a replay: if these fail, recordings are judged with other keys than the policy's."""

from __future__ import annotations

import pytest

from parclose.facts import Presented, Proof
from parclose.policy.scenario import DEFAULT_AT
from parclose.ports import AskProof
from parclose.replay.world import world_of
from parclose.stores.geoip import DatabaseError
from parclose.testing import facts
from tests.replay.kit import SIGNER, TEXT, claims, policy


def test_a_credential_that_the_wire_still_shows_is_checked() -> None:
    """With the text of a token and the policy's keys nothing need be kept."""
    presented = Presented(kind="token", place="authorization", scheme="bearer", text=SIGNER.token(claims()))
    world = world_of(policy()).of(facts(kept=None, presented=(presented,), at=DEFAULT_AT))
    proof = world.answer(AskProof(0, presented))
    assert isinstance(proof, Proof)
    assert proof.state == "ok"


def test_a_database_that_is_not_there_is_said() -> None:
    """Countries are not guessed."""
    with pytest.raises(DatabaseError, match="nowhere"):
        world_of(policy(TEXT + "    geo: {country_db: nowhere.mmdb, sets: {x: [KP]}}\n"))
