"""What the admin port shows: whether we are alive, whether we serve, what is in force, what was refused."""

from __future__ import annotations

import asyncio
import json
import logging

from mitmproxy import version

from parclose import __version__
from parclose.hooks import metrics
from parclose.hooks.admin import AdminPort, Page
from parclose.hooks.host import Host, refuse
from parclose.hooks.service import Service

logger = logging.getLogger(__name__)

JSON = "application/json"
JWKS = "/.well-known/jwks.json"


class Health:
    """Runs the admin port. `running` is synchronous: mitmproxy calls it outside the loop's reach on a reload."""

    name = "health"

    def __init__(self, service: Service, host: Host) -> None:
        """Take what there is to tell."""
        self._service = service
        self._host = host
        self._port: AdminPort | None = None
        self._task: asyncio.Task[None] | None = None

    def running(self) -> None:
        """Bind the admin port and serve it.

        Raises:
            SystemExit: its address cannot be bound; one sentence on standard error says so.
        """
        edition = self._service.edition
        if edition is None or not edition.policy.settings.admin_host or not self._service.serves:
            return
        settings = edition.policy.settings
        pages = {"/healthz": self.health, "/readyz": self.readiness, "/metrics": self.metrics, JWKS: self.keys}
        try:
            self._port = AdminPort(settings.admin_host, settings.admin_port, pages)
        except OSError as wrong:
            where = f"{settings.admin_host}:{settings.admin_port}"
            refuse([f"admin port {where}: {wrong.strerror}; write another `settings.admin.listen`, or `off`"])
        self._task = asyncio.get_running_loop().create_task(self._port.serve())

    def done(self) -> None:
        """Stop to serve."""
        if self._port is not None:
            self._port.close()

    def health(self) -> Page:
        """Return everything as JSON; `degraded` while the file holds a policy that was refused."""
        edition, rejected = self._service.edition, self._service.rejected
        shown: dict[str, object] = {
            "status": "degraded" if rejected is not None else "ok",
            "state": self._service.state,
            "policy": None,
            "rejected": None,
            "under_way": len(self._service.exchanges),
            "options": self._host.effective(),
            "dispatch": self._host.dispatch,
            "version": __version__,
            "mitmproxy": version.VERSION,
        }
        if edition is not None:
            policy = edition.policy
            shown["policy"] = {"name": policy.name, "revision": policy.revision, "since": edition.since}
        if rejected is not None:
            shown["rejected"] = {"at": rejected.at, "findings": list(rejected.findings)}
        return Page(status=200, content_type=JSON, body=json.dumps(shown, default=str).encode() + b"\n")

    def readiness(self) -> Page:
        """Return 200 while requests are served, else 503."""
        state = self._service.state
        return Page(
            status=200 if state == "ready" else 503, content_type=JSON, body=json.dumps({"state": state}).encode()
        )

    def keys(self) -> Page:
        """Return the keys by which upstreams check assertions (`forward.assertion`)."""
        return Page(status=200, content_type="application/jwk-set+json", body=self._service.published.document())

    def metrics(self) -> Page:
        """Return the counters in Prometheus' text format."""
        return Page(status=200, content_type=metrics.CONTENT_TYPE, body=self._service.metrics.exposition())
