"""Records from mitmproxy's flow files: the facts kept with each flow, or what the wire still shows.

Kept facts are decided on as they are. Without them a flow is converted by the one function that converts live ones;
what a proxy takes away before it forwards (credentials, tunnels) is then missing, and the record says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader

from parclose.audit.corpus import CorpusError, holds_facts, read_line
from parclose.facts import Facts
from parclose.hooks.facts_of import facts_of, with_certificate
from parclose.hooks.tunnels import Tunnel
from parclose.hooks.wire import kind_of, normal_host
from parclose.policy.model import Policy
from parclose.replay.corpus import SHORT, BadRecording, record_of, records_of_lines
from parclose.replay.record import Record

KEPT = "parclose"  # where live hooks keep the facts and the verdict of a flow
PROXY_CREDENTIAL = "the credential for the proxy is removed before forwarding, and was not kept"
STRIPPED = "the policy strips credentials before forwarding, and what was presented was not kept"


def read_recording(path: str, policy: Policy) -> Iterator[Record]:
    """Yield every request of a flow file, a HAR file or an audit ledger, in the order recorded.

    `policy` says what counts as a credential where only the wire is left.

    Raises:
        BadRecording: the file cannot be read, or is none of these.
    """
    try:
        with Path(path).open("rb") as file:
            if _is_ledger(file):
                yield from records_of_lines(path, file)
            else:
                yield from _records_of_flows(path, file, policy)
    except OSError as wrong:
        raise BadRecording(f"`{path}` cannot be read: {wrong.strerror}; name a file of flows or audit lines") from wrong


def _is_ledger(file: BinaryIO) -> bool:
    """Whether the file begins with a line of an audit or a corpus; leaves it at its start."""
    first = file.readline()
    file.seek(0)
    try:
        read_line(first)
    except CorpusError:
        return False
    return True


def _records_of_flows(path: str, file: BinaryIO, policy: Policy) -> Iterator[Record]:
    """Yield the records of a file that mitmproxy reads."""
    number = 0
    try:
        for flow in FlowReader(file).stream():
            number += 1
            if isinstance(flow, http.HTTPFlow):
                yield record_of_flow(flow, policy, f"{path}:{number}")
    except exceptions.FlowReadException as wrong:
        raise BadRecording(f"{path}: after flow {number}: {wrong}; is it a file of mitmproxy's, whole?") from wrong


def record_of_flow(flow: http.HTTPFlow, policy: Policy, source: str) -> Record:
    """Return the record of one flow.

    Raises:
        BadRecording: what is kept with it cannot be read.
    """
    return replace(_record_of_flow(flow, policy, source), took_s=_took_s(flow))


def _took_s(flow: http.HTTPFlow) -> float | None:
    """Return the seconds from the request to the end of its answer, of its WebSocket, or its failure."""
    ended = flow.response.timestamp_end if flow.response is not None else None
    if flow.websocket is not None:
        ended = flow.websocket.timestamp_end
    elif ended is None and flow.error is not None:
        ended = flow.error.timestamp
    return None if ended is None else max(0.0, ended - flow.request.timestamp_start)


def _record_of_flow(flow: http.HTTPFlow, policy: Policy, source: str) -> Record:
    kept = flow.metadata.get(KEPT)
    if kept is None:
        return _from_wire(flow, policy, source)
    try:
        line = read_line(kept if isinstance(kept, str | bytes) else json.dumps(kept))
        if holds_facts(line):
            return record_of(line, source)
    except CorpusError as wrong:
        raise BadRecording(f"{source}: what was kept with the flow {wrong}") from wrong
    return replace(_from_wire(flow, policy, source), doubt=SHORT)


def _from_wire(flow: http.HTTPFlow, policy: Policy, source: str) -> Record:
    """Rebuild a record from what was forwarded or refused."""
    facts = facts_of(flow, policy, decision=source, tunnel=_tunnel(flow))
    facts = with_certificate(facts, "" if flow.client_conn.certificate_list else None)
    return Record(facts=facts, source=source, doubt=_doubt(facts, policy, flow))


def _tunnel(flow: http.HTTPFlow) -> Tunnel | None:
    """Return the tunnel that a request must have come through; CONNECTs are never saved, nor what they presented."""
    request = flow.request
    if kind_of(flow.client_conn.proxy_mode) != "forward" or request.scheme != "https":
        return None
    return Tunnel(host=normal_host(request.host) or request.host, port=request.port)


def _doubt(facts: Facts, policy: Policy, flow: http.HTTPFlow) -> str:
    """Return what is missing beside the wire, or "". What the proxy refused was not changed."""
    if flow.response is not None and flow.server_conn.timestamp_start is None:
        return "" if not facts.tunnel else PROXY_CREDENTIAL
    if facts.kind == "forward":
        return PROXY_CREDENTIAL
    strips = any(segment.forward.credentials == "strip" for segment in policy.segments.values())
    return STRIPPED if strips and not facts.presented else ""
