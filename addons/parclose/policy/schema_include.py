"""The `include` list as it is written: which files, whose they are, and what they may claim."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parclose.policy.schema_base import Bool, Host, Name, Path, Str, Written, one_of

# What every included file may hold, and what it may hold where `may.define` says so.
ALWAYS = ("segments", "route_sets", "tests", "personas")
DEFINABLE = (
    "issuers", "client_cas", "attributes", "clients", "roles", "scopes", "api_keys", "zones", "profiles", "limits",
)  # fmt: skip
# What concerns everybody stands in the policy file alone.
ROOT_ONLY = ("name", "settings", "upstreams", "geo", "guardrails", "audit")


class MaySpec(Written):
    """The fence of a file: each facet that is left out is unrestricted, but with none there are no segments."""

    hosts: list[Host] | None = None
    paths: list[Path] | None = None
    listeners: list[Name] | None = None
    define: list[Annotated[str, one_of(*DEFINABLE, *ALWAYS)]] | None = None
    public: Bool = True


class IncludeSpec(Written):
    """Files that belong to one owner."""

    file: Str
    owner: Str
    may: MaySpec | None = None


class IncludesSpec(Written):
    """What the policy file says of other files."""

    include: list[IncludeSpec] = Field(default_factory=list)
