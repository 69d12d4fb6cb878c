"""What would be believed if these failed: that log events are spared, or that they are lost."""

import logging
from types import SimpleNamespace

from parclose.hooks.dispatch import Dispatch
from parclose.hooks.dispatch_trial import fresh_manager
from parclose.hooks.quiet_log import QuietLog


def test_log_events_are_spared_while_nobody_listens() -> None:
    """A record reaches mitmproxy's emitter only when an addon has `add_log`, also one that came later."""
    manager = fresh_manager()
    emitted: list[logging.LogRecord] = []
    manager.chain = [SimpleNamespace()]
    quiet = QuietLog(Dispatch(manager), SimpleNamespace(emit=emitted.append))
    record = logging.makeLogRecord({"msg": "hello"})
    quiet.emit(record)
    assert emitted == []
    manager.chain[0].add_log = lambda _: None
    quiet.emit(record)
    assert emitted == [record]
