"""What was handed in: alternatives for one credential stand together, tokens come first."""

from __future__ import annotations

from parclose.facts import Presented
from parclose.stages.handed import handed_in
from tests.stages.kit import request

TOKEN = Presented(kind="token", place="authorization", scheme="bearer")
KEY = Presented(kind="api_key", place="header x-key", store="one")
TWIN = Presented(kind="api_key", place="header x-key", store="two")
PROXY = Presented(kind="api_key", place="proxy-authorization", scheme="basic", store="one")


def test_one_place_is_one_credential() -> None:
    """A key header that two stores look at is one key, not a conflict."""
    assert handed_in(request(presented=(KEY, TWIN, TOKEN))) == [[(2, TOKEN)], [(0, KEY), (1, TWIN)]]


def test_a_forward_listener_sees_its_own_header_alone() -> None:
    """What is meant for the far end is not ours to judge, let alone to verify."""
    assert handed_in(request(kind="forward", presented=(TOKEN, KEY, PROXY))) == [[(2, PROXY)]]
