"""The revision of a policy together with the databases that it looks addresses up in."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import maxminddb

from parclose.policy.model import Policy

DIGITS = 12


def with_databases(policy: Policy) -> Policy:
    """Return the policy with a revision that changes when one of its databases is another build.

    A database that cannot be read counts as none here: whoever looks something up in it says what is wrong.
    """
    if policy.geo is None:
        return policy
    builds = [_build_of(path) for path in (policy.geo.country_db, policy.geo.asn_db) if path]
    digest = sha256("\n".join([policy.revision, *builds]).encode()).hexdigest()
    return replace(policy, revision=digest[:DIGITS])


def _build_of(path: str) -> str:
    """Return what tells one build of a database from another: what it is, when it was made, and how large it is."""
    try:
        with maxminddb.open_database(path, maxminddb.MODE_FILE) as opened:
            known = opened.metadata()
    except (maxminddb.InvalidDatabaseError, OSError, ValueError, KeyError, TypeError):
        return ""
    return f"{known.database_type} {known.build_epoch} {known.node_count}"
