"""Log records without the deprecated `add_log` event, while no addon listens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parclose.hooks.dispatch import Dispatch

if TYPE_CHECKING:
    import logging


class QuietLog:
    """Spares the deprecated `add_log` event its formatting and its wake-up of the loop while nobody listens to it."""

    def __init__(self, dispatch: Dispatch, handler: Any) -> None:
        self._dispatch = dispatch
        self._stock_emit = handler.emit

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record to mitmproxy's own emitter when an addon has `add_log`."""
        if self._dispatch.has("add_log"):
            self._stock_emit(record)
