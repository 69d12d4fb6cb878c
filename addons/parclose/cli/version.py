"""`parclose version`: which version this is, and of what it stands on."""

from __future__ import annotations

import platform
from importlib.metadata import version as version_of

from parclose import __version__
from parclose.cli.output import show


def version() -> None:
    """Print the versions of Parclose, mitmproxy and Python."""
    show(f"parclose {__version__}  mitmproxy {version_of('mitmproxy')}  python {platform.python_version()}")
