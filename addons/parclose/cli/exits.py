"""What the exit codes mean; CI goes by them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """One code a kind of outcome. Source: the table of commands in the policy language, section 5.2."""

    OK = 0
    FAILED = 1  # findings at the failing level, failed checks, too little coverage
    USAGE = 2
    INVALID = 3  # the policy, or what it names, cannot be used
    CHANGED = 4  # recorded traffic would get other verdicts
    DENIED = 5
