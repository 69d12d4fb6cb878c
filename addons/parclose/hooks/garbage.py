"""Garbage: what lives as long as a policy is kept out of the collector's way.

A full collection walks every object there is, the compiled policy and all of mitmproxy included, while requests wait.
The policy holds no cycles, so reference counts alone free an old one, and nothing is lost by never walking it.
"""

from __future__ import annotations

import gc

# Net new containers before a look at the young ones, and young looks before an older generation is. The standard
# 2,000 and 10 make a guard that answers a thousand requests a second collect dozens of times in it. A request leaves a
# few hundred objects in cycles, nearly all that is young: freeing 10,000 of them is a pause of some 8 ms.
YOUNG, OLDER = 10_000, 20


def settle(*, serving: bool) -> None:
    """Leave what is there now out of every later collection; to be called when a policy was put in force.

    Collects everything first where nobody waits for an answer yet, else only what is young: a cycle that was garbage
    when it was left out would stay for good.
    """
    gc.collect(1 if serving else 2)
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
