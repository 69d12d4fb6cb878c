"""Load on a port, by wrk or hey, and what they say of it; and an nginx that answers at once."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{{"origin": true, "items": [1, 2, 3]}}'; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of the load generator has seen. `refused` counts answers outside 2xx."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    refused: int


def generator() -> str:
    """Return the load generator there is.

    Raises:
        RuntimeError: there is none.
    """
    for name in ("wrk", "hey"):
        if shutil.which(name):
            return name
    raise RuntimeError("neither `wrk` nor `hey` is installed; install Debian's `wrk`")


def put_on(url: str, headers: Mapping[str, str], seconds: float) -> Load:
    """Send as many requests as will go for so many seconds, over kept connections."""
    tool = generator()
    sent = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    if tool == "wrk":
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--latency", *sent, url]
    else:
        command = ["hey", "-c", str(CONNECTIONS), "-z", f"{seconds:g}s", *sent, url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    return (read_wrk if tool == "wrk" else read_hey)(said)


def read_wrk(said: str) -> Load:
    """Read what wrk prints."""
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Load(
        requests_per_s=float(_found(r"Requests/sec:\s+([\d.]+)", said)[1]),
        p50_ms=_milliseconds(_found(r"50%\s+([\d.]+)(us|ms|s)", said)),
        p99_ms=_milliseconds(_found(r"99%\s+([\d.]+)(us|ms|s)", said)),
        refused=int(refused[1]) if refused else 0,
    )


def read_hey(said: str) -> Load:
    """Read what hey prints; its times are seconds."""
    statuses = re.findall(r"\[(\d{3})\]\s+(\d+) responses", said)
    return Load(
        requests_per_s=float(_found(r"Requests/sec:\s+([\d.]+)", said)[1]),
        p50_ms=float(_found(r"50%+ in ([\d.]+) secs", said)[1]) * 1000,
        p99_ms=float(_found(r"99%+ in ([\d.]+) secs", said)[1]) * 1000,
        refused=sum(int(count) for status, count in statuses if not status.startswith("2")),
    )


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[None]:
    """Run an nginx that answers every request with the same few bytes."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def _found(pattern: str, said: str) -> re.Match[str]:
    """Return where a pattern is found in what a tool said."""
    found = re.search(pattern, said)
    if found is None:
        raise RuntimeError(f"the load generator did not say what was expected:\n{said}")
    return found


def _milliseconds(found: re.Match[str]) -> float:
    """Return a time with its unit in milliseconds."""
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
