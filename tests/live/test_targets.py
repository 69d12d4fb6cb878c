"""Each request target comes to what the corpus says, byte for byte; if these fail, some spelling of `/admin` is served.

All rows go to one guard, over HTTP/1 and HTTP/2, before an API and on the way out, and all that fail are told at once.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.clients import pairs
from tests.live.corpus import NUMBER, Got, Kept, Run, ask_streams
from tests.live.readings import readings
from tests.live.realm import Guard, Realm, message
from tests.live.targets import HONEST, MISSING, PASSES, POLICY, ROWS, STRICT, Row
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


class Ground:
    """One guard and one origin: port 0 stands before the API, port 1 leads out to it."""

    def __init__(self, guard: Guard, origin: Origin) -> None:
        """Hold them."""
        self.guard, self.origin = guard, origin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard and one origin for the module."""
    async with Origin() as origin:
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        async with Guard(Realm(POLICY), modes=modes) as guard:
            yield Ground(guard, origin)


def rows_on(wire: str) -> list[Row]:
    """Return the rows that can be sent on a wire."""
    return [row for row in ROWS if wire in row.wires]


async def ask(ground: Ground, wire: str, rows: list[Row], token: str = "") -> list[Got]:
    """Send all rows on one wire and return what each came to, and last what arrived besides."""
    run = Run(ground.guard, ground.origin)
    if wire == "2":
        proof = [("authorization", f"Bearer {token}")] if token else []
        numbered = [pairs(row.method, row.target, (NUMBER, str(at)), *proof) for at, row in enumerate(rows)]
        for status, body in await ask_streams(ground.guard.ports[0], numbered):
            run.note(status, body)
        return run.got()
    host = "api.test" if wire == "1" else f"localhost:{ground.origin.port}"
    base = "" if wire == "1" else f"http://{host}"
    kept = Kept(ground.guard.ports[0 if wire == "1" else 1])
    lines = [f"Authorization: Bearer {token}"] if token else []
    for row in rows:
        line = f"{row.method} {base}{row.target}"
        answer = await kept.ask(message(line, f"{NUMBER}: {run.number}", *lines, host=host))
        run.note(answer.status, answer.body)
    await kept.close()
    return run.got()


def told(row: Row, expected: str, got: Got) -> str:
    """Return one line for a row that failed, "" for one that holds."""
    passes = expected == PASSES
    lines = [f"{row.method} {row.target.strip()} HTTP/1.1"] if passes else []
    is_said = got.words == "200" if passes else f"{got.words} ".startswith(f"{expected} ")
    if is_said and got.lines == lines:
        return ""
    return f"{row.about}: {row.method} {row.target[:80]!a}: wanted {expected}, got {got.words}, arrived {got.lines}"


async def test_the_corpus_is_large_and_much_of_it_is_honest() -> None:
    """A guard that refuses everything would pass the hostile rows."""
    assert len({row.target for row in ROWS}) >= 400
    assert len({row.target for row in HONEST}) >= 200


@pytest.mark.parametrize("wire", ["1", "2", "a"])
async def test_each_target_comes_to_what_the_corpus_says(ground: Ground, wire: str) -> None:
    """What passes arrives byte for byte, what is refused arrives not at all, and the reason is the one that is true."""
    rows = rows_on(wire)
    *got, besides = await ask(ground, wire, rows)
    # On the way out a missing credential is the proxy's own.
    wanted = [row.expected.replace("401", "407") if wire == "a" else row.expected for row in rows]
    failed = [line for row, expected, one in zip(rows, wanted, got, strict=True) if (line := told(row, expected, one))]
    assert not failed, "\n".join(["", *failed])
    assert besides.lines == []
    assert ground.guard.grep("crash|Traceback|Addon error") == []


@pytest.mark.parametrize("wire", ["1", "2"])
async def test_who_may_reach_the_strict_paths_does(ground: Ground, wire: str) -> None:
    """With a good token the strict paths as written pass byte for byte, and what is ambiguous stays refused."""
    rows = [row for row in rows_on(wire) if row.expected != PASSES]
    *got, besides = await ask(ground, wire, rows, ground.guard.realm.token())
    wanted = [PASSES if row.expected == MISSING else row.expected for row in rows]
    failed = [line for row, expected, one in zip(rows, wanted, got, strict=True) if (line := told(row, expected, one))]
    assert not failed, "\n".join(["", *failed])
    assert besides.lines == []


async def test_no_reading_of_what_passed_is_strict(ground: Ground) -> None:
    """INVARIANT: however lax the origin reads what the anonymous caller reached, it is none of the strict paths."""
    got = [*await ask(ground, "1", rows_on("1")), *await ask(ground, "2", rows_on("2"))]
    reached = {line.split(" ")[1] for one in got for line in one.lines}
    assert len(reached) > 100
    strict = {
        target: found
        for target in reached
        if (found := [read for read in readings(target) if any(read[: len(path)] == path for path in STRICT)])
    }
    assert strict == {}
