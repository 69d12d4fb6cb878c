"""The command `parclose`: its commands, in the order in which one needs them."""

from __future__ import annotations

import gc

import typer

from parclose.cli.check import check
from parclose.cli.demo import demo
from parclose.cli.diff import diff
from parclose.cli.explain import explain
from parclose.cli.fmt import fmt
from parclose.cli.geo import geo
from parclose.cli.history import history
from parclose.cli.import_openapi import import_
from parclose.cli.key import key
from parclose.cli.replay import replay
from parclose.cli.rollback import rollback
from parclose.cli.schema import schema
from parclose.cli.show import show_named
from parclose.cli.test import run_tests
from parclose.cli.version import version
from parclose.cli.who import who

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would print secrets
    rich_markup_mode=None,
    help="Parts API traffic into segments at a mitmproxy, and holds each to one policy file.",
)
app.command()(check)
app.command("test")(run_tests)
app.command()(explain)
app.command()(who)
app.command()(diff)
app.command("show")(show_named)
app.command()(replay)
app.command()(history)
app.command()(rollback)
app.command()(fmt)
app.command()(schema)
app.add_typer(key, name="key")
app.add_typer(geo, name="geo")
app.add_typer(import_, name="import")
app.add_typer(demo, name="demo")
app.command()(version)


def main() -> None:
    """Run the command line."""
    # A large policy is a million small values that all stay: to look them over again and again takes time for nothing.
    gc.set_threshold(50_000, 20, 100)
    app(prog_name="parclose")


if __name__ == "__main__":
    main()
