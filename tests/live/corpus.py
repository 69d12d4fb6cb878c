"""How the rows of a corpus are sent, and what is known of each afterwards: status, reason, detail, what arrived.

Each request carries its number in a header, so that many may be on their way at once; what arrives without one was
made by nobody but the guard, and is told beside.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from tests.live.clients import H2Client, Line, Pairs
from tests.live.realm import Guard
from tests.live.wire import Answer, Origin, Seen

NUMBER = "x-row"
AT_ONCE = 40
"""Streams of one batch; mitmproxy admits 100."""


class Got(NamedTuple):
    """What a row came to: status, reason and detail in words, and the requests that arrived for it."""

    words: str
    seen: list[Seen]

    @property
    def lines(self) -> list[str]:
        """The request lines that arrived."""
        return [seen.line for seen in self.seen]


class Run:
    """Numbers requests, remembers how each was answered, and puts the answers beside what arrived."""

    def __init__(self, guard: Guard, *origins: Origin) -> None:
        """Remember where the requests go through, and where they may arrive."""
        self._guard, self._origins = guard, origins
        self._before = [len(origin.seen) for origin in origins]
        self._said: list[tuple[str, str]] = []

    @property
    def number(self) -> str:
        """The number of the next request."""
        return str(len(self._said))

    def note(self, status: int, body: bytes) -> None:
        """Note how the next request was answered; a connection that was cut counts as 400."""
        try:
            told = json.loads(body)
        except ValueError:
            told = {}
        reason = told.get("reason", "") if isinstance(told, dict) else ""
        self._said.append((f"{status or 400} {reason}".strip(), told.get("decision", "") if reason else ""))

    def got(self) -> list[Got]:
        """Return what each request came to, in their order; the last one is what arrived without a number."""
        details = {line["decision"]: line["verdict"].get("detail", "") for line in self._guard.realm.decisions()}
        arrived: dict[str, list[Seen]] = {}
        for origin, before in zip(self._origins, self._before, strict=True):
            for seen in origin.seen[before:]:
                numbers = seen.header(NUMBER)
                arrived.setdefault(numbers[0] if len(numbers) == 1 else "", []).append(seen)
        said = [Got(f"{words} {details.get(decision, '')}".strip(), arrived.get(str(number), []))
                for number, (words, decision) in enumerate(self._said)]  # fmt: skip
        return [*said, Got("nobody's", arrived.get("", []))]


class Kept:
    """An HTTP/1 connection that is opened again when the guard has ended it."""

    def __init__(self, port: int) -> None:
        """Remember where to connect to."""
        self._port = port
        self._line: Line | None = None

    async def ask(self, data: bytes) -> Answer:
        """Send a request and return its answer."""
        if self._line is None:
            self._line = await Line(self._port).__aenter__()
        answer = await self._line.ask(data)
        if answer.state != "open" or answer.headers.get("connection") == "close" or not answer.status:
            await self.close()
        return answer

    async def close(self) -> None:
        """Cut the connection, if there is one."""
        if self._line is not None:
            await self._line.__aexit__()
        self._line = None


async def ask_streams(port: int, requests: Sequence[Pairs]) -> list[tuple[int, bytes]]:
    """Send requests over HTTP/2, many at once, and return status and body of each, 0 where the guard cut it.

    One that ends its connection takes others with it: those are sent again, each on a connection of its own.
    """
    answers: list[tuple[int, bytes]] = []
    for start in range(0, len(requests), AT_ONCE):
        batch = requests[start : start + AT_ONCE]
        async with H2Client(port) as client:
            numbers = [client.send(headers) for headers in batch]
            streams = [await client.answer(number) for number in numbers]
        for headers, stream in zip(batch, streams, strict=True):
            answers.append((stream.status, stream.body) if stream.done else await _ask_alone(port, headers))
    return answers


async def _ask_alone(port: int, headers: Pairs) -> tuple[int, bytes]:
    """Send one request on a connection of its own."""
    async with H2Client(port) as client:
        stream = await client.ask(headers)
        assert stream.done or client.closed, f"never answered: {headers}"
        return stream.status, stream.body
