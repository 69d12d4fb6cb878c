"""What would be believed if these failed: that a refused policy, or not serving, is seen from outside."""

import json
from pathlib import Path
from typing import cast

import pytest

from parclose.hooks.health import Health
from parclose.hooks.host import Host
from parclose.hooks.service import Rejected, Service
from tests.hooks.ground import service


class Installed:
    """Stands in for the host."""

    dispatch = "indexed"

    def effective(self) -> dict[str, object]:
        """Return some options."""
        return {"rawtcp": False}


def health(house: Service) -> Health:
    """Return the health of a service."""
    return Health(house, cast("Host", Installed()))


def test_health_tells_what_is_in_force(tmp_path: Path) -> None:
    """Policy, revision, options; nothing is refused."""
    house = service(tmp_path)
    page = health(house).health()
    told = json.loads(page.body)
    assert (page.status, told["status"], told["state"], told["rejected"]) == (200, "ok", "ready", None)
    assert house.edition is not None
    assert told["policy"]["revision"] == house.edition.policy.revision
    assert (told["options"], told["dispatch"]) == ({"rawtcp": False}, "indexed")


def test_a_refused_policy_degrades(tmp_path: Path) -> None:
    """Every finding is told."""
    house = service(tmp_path)
    house.rejected = Rejected(at=7.0, findings=("a", "b"))
    told = json.loads(health(house).health().body)
    assert (told["status"], told["rejected"]) == ("degraded", {"at": 7.0, "findings": ["a", "b"]})


@pytest.mark.parametrize(("draining", "status"), [(False, 200), (True, 503)])
def test_readiness(tmp_path: Path, draining: bool, status: int) -> None:
    """Not while draining."""
    house = service(tmp_path)
    house.verdicts.draining = draining
    assert health(house).readiness().status == status


def test_without_a_policy_there_is_still_an_answer(tmp_path: Path) -> None:
    """Health does not depend on being healthy; and a mere reader of recordings opens no port."""
    house = service(tmp_path)
    house.serves = False
    health(house).running()
    house.edition = None
    assert json.loads(health(house).health().body)["policy"] is None
    assert b"parclose_policy_rejected" in health(house).metrics().body
    health(house).done()
