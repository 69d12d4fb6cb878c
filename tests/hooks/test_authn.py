"""What would be believed if this failed: that all stages of `authn` are asked, by one kind of addon."""

from parclose.engine import STAGES
from parclose.hooks.authn import Authn
from parclose.hooks.exchange import Exchanges
from parclose.hooks.mount import stage_addons


def test_it_takes_the_stages_of_its_concern() -> None:
    """All of them, in order, and no others."""
    own = [addon for addon in stage_addons(Exchanges()) if isinstance(addon, Authn)]
    asked = [stage for addon in own for stage in addon.stages]
    assert asked == [stage for stage in STAGES if stage.concern == "authn"]
    assert Authn.concern == "authn"
