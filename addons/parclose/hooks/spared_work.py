"""Spared work: what mitmproxy makes for each exchange and throws away, or makes in a long way round.

- `Context.fork` makes a server connection that the next line replaces.
- Each connection and flow asks the kernel for sixteen random bytes, and builds a UUID object to have its text.
- Reading an option copies it deeply, also where it is a number or a word, which nobody can change.

What comes out is the same.

Source: mitmproxy 12.2.3, proxy/context.py, connection.py, flow.py, optmanager.py.
"""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from mitmproxy import connection, flow, optmanager
from mitmproxy.proxy import context

from parclose.hooks.randomness import Pool

UNCHANGING = (bool, str, int, float, type(None))
_fork = context.Context.fork
_current = optmanager._Option.current


def fork(forked: context.Context) -> context.Context:
    """Return another context of the same client, server and options, with a list of layers of its own."""
    made = context.Context.__new__(context.Context)
    # Whatever a context holds is taken over, as the stock one does with all that it knows of.
    vars(made).update(vars(forked))
    made.layers = forked.layers.copy()
    return made


def current(option: optmanager._Option) -> Any:
    """Return the value of an option, a copy where it could be changed."""
    value = option.value
    if value is optmanager.unset:
        value = option._default
    return value if type(value) in UNCHANGING else _current(option)


def install() -> None:
    """Spare the work from now on; a second call changes nothing."""
    random = SimpleNamespace(uuid4=Pool().uuid4)  # all that the two modules use
    vars(connection)["uuid"] = random
    vars(flow)["uuid"] = random
    context.Context.fork = fork  # type: ignore[method-assign, assignment]
    optmanager._Option.current = current  # type: ignore[method-assign, assignment]


def uninstall() -> None:
    """Put mitmproxy's own back."""
    vars(connection)["uuid"] = uuid
    vars(flow)["uuid"] = uuid
    context.Context.fork = _fork  # type: ignore[method-assign]
    optmanager._Option.current = _current  # type: ignore[method-assign]
