"""Ruff refuses, folder by folder, what may not be known there.

If these fail, the settings beside a folder no longer reach it, and a clock or a socket can slip into a decision.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.tree import ROOT

# What each sample line reaches for, by the word it is called here.
SAMPLES = {
    "time": "import time",
    "now": "import datetime as d; d.datetime.now(d.UTC)",
    "random": "import random",
    "secrets": "from secrets import token_hex",
    "uuid4": "from uuid import uuid4",
    "environ": "from os import environ",
    "open": "OPENED = open('x')",
    "path": "from pathlib import Path",
    "socket": "import socket",
    "logging": "import logging",
    "subprocess": "from subprocess import run",
    "asyncio": "import asyncio",
    "mitmproxy": "from mitmproxy import http",
    "pydantic": "from pydantic import BaseModel",
    "yaml": "import yaml",
    "jose": "from jose import jws",
    "redis": "import redis.asyncio",
    "geoip2": "import geoip2.database",
    "maxminddb": "import maxminddb",
    "httpx": "import httpx",
    "prometheus": "from prometheus_client import Counter",
    "addons": "import addons.parclose",
    "blind": "try:\n    pass\nexcept Exception:\n    pass",
}
IO = {
    "time",
    "now",
    "random",
    "secrets",
    "uuid4",
    "environ",
    "open",
    "path",
    "socket",
    "logging",
    "subprocess",
    "asyncio",
}
LIBRARIES = {"mitmproxy", "pydantic", "yaml", "jose", "redis", "geoip2", "maxminddb", "httpx", "prometheus"}
ALWAYS = {"addons", "blind"}

# Banned imports, blind excepts, and `open(...)`, which the first rule does not see.
BAN_CODES = {"TID251", "BLE001", "PTH123"}

BANNED = {
    "addons/parclose/reasons.py": ALWAYS | IO | LIBRARIES,
    "addons/parclose/facts.py": ALWAYS | IO | LIBRARIES,
    "addons/parclose/verdict.py": ALWAYS | IO | LIBRARIES,
    "addons/parclose/ports.py": ALWAYS | IO | LIBRARIES,
    "addons/parclose/engine.py": ALWAYS | IO | LIBRARIES,
    "addons/parclose/explain.py": ALWAYS | IO | LIBRARIES,
    # A folder without settings of its own is held to those of the core, the strictest.
    "addons/parclose/cases/sample.py": ALWAYS | IO | LIBRARIES,
    "addons/parclose/policy/sample.py": ALWAYS | IO | (LIBRARIES - {"pydantic", "yaml"}),
    "addons/parclose/stages/sample.py": ALWAYS | IO | (LIBRARIES - {"jose"}),
    "addons/parclose/audit/sample.py": ALWAYS | LIBRARIES,
    "addons/parclose/audit/sinks/sample.py": ALWAYS | LIBRARIES,
    "addons/parclose/stores/sample.py": ALWAYS | {"mitmproxy", "pydantic", "yaml", "prometheus"},
    "addons/parclose/hooks/sample.py": ALWAYS | (LIBRARIES - {"mitmproxy"}),
    "addons/parclose/hooks/guard.py": {"addons"} | (LIBRARIES - {"mitmproxy"}),
    "addons/parclose/hooks/metrics.py": {"blind"},
    "addons/parclose/replay/sample.py": ALWAYS | LIBRARIES,
    "addons/parclose/replay/flows.py": {"blind"},
    "addons/parclose/testing.py": {"blind"},
    "addons/parclose/cli/sample.py": ALWAYS | LIBRARIES,
    "addons/parclose/demo/sample.py": ALWAYS | LIBRARIES,
    "tests/stages/test_sample.py": ALWAYS,
    "scripts/sample.py": ALWAYS,
}


def refused(path: str) -> set[str]:
    """Return the words whose sample line ruff refuses in a file at `path`, which need not exist."""
    owner: dict[int, str] = {}
    text = ""
    for word, sample in SAMPLES.items():
        for _ in sample.splitlines():
            owner[len(owner) + 1] = word
        text += f"{sample}\n"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "json", "--stdin-filename", path, "-"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, 1}, done.stderr
    return {owner[found["location"]["row"]] for found in json.loads(done.stdout) if found["code"] in BAN_CODES}


@pytest.mark.parametrize(("path", "banned"), BANNED.items(), ids=BANNED)
def test_a_folder_refuses_what_it_may_not_know(path: str, banned: set[str]) -> None:
    """Each sample line is refused exactly where its library or its piece of the world does not belong."""
    assert refused(path) == banned
