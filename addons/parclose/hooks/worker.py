"""The process that compiles policies beside the proxy, so that no request waits: `python -m parclose.hooks.worker`.

Takes the path of a policy on its standard input, again and again, and answers each on its standard output. Files that
have not changed since the last time are not parsed again. It ends when its input does, which is when the proxy ends.
Keys, secrets and databases are none of its business.
"""

from __future__ import annotations

import gc
import io
import os
import queue
import threading
from typing import BinaryIO

from parclose.hooks.frames import Answer, Broken, frame, unframe, write_answer
from parclose.hooks.gate import Unfit, approve
from parclose.hooks.parcels import pack
from parclose.hooks.watched import Watched
from parclose.policy.tree_cache import TreeCache
from parclose.stores.files import read

NICE = 10  # whoever serves requests goes first


def answer_to(path: str, trees: TreeCache) -> bytes:
    """Return the answer on the policy of a file, as the content of a message."""
    watched = Watched(read)
    pieces: tuple[bytes, ...] = ()
    findings: tuple[str, ...] = ()
    try:
        pieces = tuple(pack(approve(path, watched, list_of=watched.list_files, trees=trees)))
    except Unfit as wrong:
        findings = wrong.findings or ("the policy cannot be put in force",)
    read_and_seen = (dict(watched.looks), dict(watched.contents), dict(watched.listings))
    return write_answer(Answer(findings=findings, watched=read_and_seen, pieces=pieces))


def serve(asked: queue.SimpleQueue[str], told: BinaryIO) -> None:
    """Answer one question after another, until the process ends."""
    trees = TreeCache()
    while True:
        told.write(frame(answer_to(asked.get(), trees)))
        told.flush()
        gc.collect()


def listen(heard: BinaryIO, asked: queue.SimpleQueue[str]) -> None:
    """Take questions in as they come, while another is worked on; the end of them is the end of the process."""
    while True:
        try:
            asked.put(bytes(unframe(heard.read)).decode("utf-8", "surrogateescape"))
        except Broken:
            os._exit(0)  # the proxy is gone: nobody is left to answer


def main() -> None:
    """Serve standard input and output."""
    os.nice(NICE)
    # INVARIANT: what anything prints goes to standard error; only answers go where the proxy reads.
    told = io.FileIO(os.dup(1), "wb")
    os.dup2(2, 1)
    heard = io.BufferedReader(io.FileIO(os.dup(0), "rb"))
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(heard, asked), daemon=True).start()
    serve(asked, io.BufferedWriter(told))


if __name__ == "__main__":
    main()
