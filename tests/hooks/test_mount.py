"""What would be believed if these failed: that our addons are complete, in order, and every hook of theirs guarded."""

from pathlib import Path

import pytest

from parclose.engine import STAGES
from parclose.hooks.audit_sink import AuditSink
from parclose.hooks.departure import Departure
from parclose.hooks.intake import Intake
from parclose.hooks.mount import fault_of, stage_addons
from parclose.hooks.stage import StageAddon
from tests.hooks.ground import service


def addons(folder: Path) -> list[object]:
    """Return the addons that judge and act."""
    house = service(folder)
    return [Intake(house), *stage_addons(house.exchanges), Departure(house), AuditSink(house)]


def test_one_addon_for_each_run_of_stages(tmp_path: Path) -> None:
    """Named after the concern, and after the stage where a concern has several."""
    made = [addon for addon in addons(tmp_path) if isinstance(addon, StageAddon)]
    assert [addon.name for addon in made] == [
        "segment_classifier.canonical",
        "network_rules.client",
        "segment_classifier.surface",
        "network_rules.gate",
        "segment_classifier.route",
        "authn",
        "segment_classifier.audience",
        "network_rules.network",
        "authn.credential",
        "scope_enforcement",
        "network_rules.destination",
        "rate_limiting",
    ]
    assert tuple(stage for addon in made for stage in addon.stages) == STAGES
    assert fault_of(addons(tmp_path)) == ""


@pytest.mark.parametrize("lost", range(1, 13))
def test_a_missing_addon_is_a_fault(tmp_path: Path, lost: int) -> None:
    """Whichever it is; twice is a fault as well."""
    made = addons(tmp_path)
    assert fault_of([*made[:lost], *made[lost + 1 :]]).startswith("the stages asked are")
    assert fault_of([*made, made[lost]]) != ""


def test_a_hook_nobody_guards_is_a_fault(tmp_path: Path) -> None:
    """A new hook must be added to the guard's list first; one that is misspelt judges nothing."""
    made = addons(tmp_path)
    made[0].quic_start_client = lambda data: None  # type: ignore[attr-defined]  # which nobody guards
    assert fault_of(made) == "`intake.quic_start_client` is not guarded"
    made = addons(tmp_path)
    made[-1].http_connect = None  # type: ignore[attr-defined]  # as if it were misspelt
    assert fault_of(made) == "`audit_sink` has no `http_connect`"


def test_names_are_unique(tmp_path: Path) -> None:
    """Mitmproxy finds addons by name."""
    made = addons(tmp_path)
    made[-1].name = "intake"  # type: ignore[attr-defined]  # twice
    assert fault_of(made).startswith("addons are not named apart")
