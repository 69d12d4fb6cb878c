"""`parclose demo`: tokens for a policy's personas, requests to paste, and the demo itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from parclose.cli.output import Exit, show, show_raw
from parclose.cli.policy_file import PolicyOption, find_policy, load_policy
from parclose.demo import samples, state
from parclose.demo.serve import HOST, POLICY, CannotServe, Wish
from parclose.demo.serve import serve as serve_demo
from parclose.demo.tokens import LIFE_S, NoToken, mint
from parclose.policy.errors import PolicyError

demo = typer.Typer(no_args_is_help=True, help="The demo: an echoing API, its keys, tokens and requests.")


@demo.command()
def token(
    persona: Annotated[str, typer.Argument(metavar="PERSONA", help="Whose token, of the policy's personas.")],
    policy: PolicyOption = "",
    hours: Annotated[float, typer.Option("--hours", help="How long it is good; negative: it has expired.")] = (
        LIFE_S / 3600
    ),
) -> None:
    """Mint a real token for a persona, signed with the key in `.demo` beside the policy."""
    path, held = _prepared(policy)
    try:
        show_raw(mint(load_policy(path), persona, held.signer, time.time(), life_s=hours * 3600))
    except NoToken as wrong:
        raise typer.BadParameter(str(wrong), param_hint="PERSONA") from wrong


@demo.command()
def requests(
    base_url: Annotated[str, typer.Option("--url", help="Where the demo serves.")] = "http://127.0.0.1:8080",
    policy: PolicyOption = "",
) -> None:
    """Print a request for each kind of answer, with fresh credentials, and the answer it must get."""
    path, held = _prepared(policy)
    samples.write_headers(load_policy(path), held, time.time())
    show_raw(samples.render(base_url, held.folder))


@demo.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Default: 127.0.0.1:8080.")] = "",
    web: Annotated[bool, typer.Option("--web", help="Under mitmweb, each flow with its verdict.")] = False,
    policy: PolicyOption = "",
) -> None:
    """Serve the demo until Ctrl-C; further arguments go to mitmproxy unchanged."""
    path, _ = _prepared(policy)
    host, port = _listen(listen)
    wish = Wish(host=host, port=port, web=web, rest=tuple(context.args))
    try:
        code = asyncio.run(serve_demo(Path(path), wish, show_raw))
    except PolicyError as wrong:
        show(wrong.render(), error=True)
        raise typer.Exit(Exit.INVALID) from None
    except CannotServe as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.FAILED) from None
    raise typer.Exit(max(code, 0))


def _prepared(policy: str) -> tuple[str, state.State]:
    """Return the demo's policy and its state, made now if it was not there."""
    path = find_policy(policy or str(POLICY))
    try:
        return path, state.prepare(Path(path).resolve().parent)
    except (OSError, ValueError) as wrong:
        show(f"the demo's folder cannot be made: {wrong}", error=True)
        raise typer.Exit(Exit.FAILED) from None


def _listen(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, `PORT` or ``."""
    if not text:
        return HOST, 0
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise typer.BadParameter(f"`{text}` is not `HOST:PORT`", param_hint="--listen")
    return host.strip("[]") or HOST, int(port)
