"""Parclose for `mitmdump -s addons/loader.py`: hands the addons to mitmproxy, and holds no logic."""

import sys
from pathlib import Path

if str(Path(__file__).parent) not in sys.path:
    sys.path.insert(0, str(Path(__file__).parent))  # a checkout need not be installed

from parclose.hooks.mount import mount

addons = mount(__file__)
