"""`parclose import openapi`: if these fail, routes are taken wrongly from a document, or somebody's file is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import folder, run

API = """
openapi: 3.0.3
info: {title: Books, version: "2"}
servers: [{url: /books}]
paths:
  /list: {get: {security: [{login: [orders:read]}]}, post: {security: [{login: [books:write]}]}}
  /list/{book-id}: {get: {}}
components: {securitySchemes: {login: {type: oauth2, flows: {password: {scopes: {"books:write": Sell books}}}}}}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a policy that includes what is imported, the document beside it."""
    folder(
        tmp_path, "", ("version: 1\n", "version: 1\ninclude: [{file: imported/*.yaml, owner: books}]\n"),
        ("    routes:\n", "    route_sets: [books]\n    routes:\n"),
    )  # fmt: skip
    (tmp_path / "api.yaml").write_text(API)
    monkeypatch.chdir(tmp_path)
    return tmp_path


OUT = ("--as", "books", "--out", "imported/books.yaml")


def test_a_policy_takes_the_routes_up(place: Path) -> None:
    """After the scope that it lacks is declared, as the command says."""
    ran = run("import", "openapi", "api.yaml", *OUT)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("route set `books`: 3 routes from Books 2\n")
    assert "does not declare `books:write`" in ran.err
    assert 'scopes:\n  books:write: {about: "Sell books"}\n' in ran.err
    assert "`GET /books/list/{book_id}`: no `security` in the document" in ran.err
    assert "REF003" in run("check").err + run("check").out
    text = (place / "policy.yaml").read_text()
    (place / "policy.yaml").write_text(text.replace("scopes: {", "scopes: {books:write: {}, ", 1))
    assert run("check").code == 0, run("check").err
    assert "books:write" not in run("import", "openapi", "api.yaml", *OUT).err
    allowed = run("who", "POST http://api.test/books/list")
    assert "books:write" in allowed.out


def test_a_new_import_shows_the_difference(place: Path) -> None:
    """`--check` says it and changes nothing; without it the file is written anew."""
    assert run("import", "openapi", "api.yaml", *OUT).code == 0
    kept = (place / "imported" / "books.yaml").read_bytes()
    assert "nothing changed" in run("import", "openapi", "api.yaml", *OUT).err
    assert run("import", "openapi", "api.yaml", *OUT, "--check").code == 0
    (place / "api.yaml").write_text(API.replace("orders:read", "orders:write").replace("post:", "put:"))
    ran = run("import", "openapi", "api.yaml", *OUT, "--check")
    assert (ran.code, (place / "imported" / "books.yaml").read_bytes()) == (4, kept)
    assert "since the last import: 1 new, 1 gone, 1 changed" in ran.err
    assert "  ~ GET /books/list   orders:write, was orders:read\n" in ran.err
    assert run("import", "openapi", "api.yaml", *OUT).code == 0
    assert b'"PUT /books/list": books:write' in (place / "imported" / "books.yaml").read_bytes()


def test_without_a_file_it_is_printed_and_held_against_the_policy(place: Path) -> None:
    """The set that the policy has already, in whichever file."""
    printed = run("import", "openapi", "api.yaml", "--as", "books")
    assert printed.out.startswith("# Made by `parclose import openapi` from Books 2;")
    assert run("import", "openapi", "api.yaml", *OUT).code == 0
    assert (place / "imported" / "books.yaml").read_text() == printed.out
    (place / "api.yaml").write_text(API.replace("post:", "put:"))
    assert "1 new, 1 gone, 0 changed" in run("import", "openapi", "api.yaml", "--as", "books").err


def test_for_machines(place: Path) -> None:
    """One JSON object on standard output."""
    told = json.loads(run("import", "openapi", str(place / "api.yaml"), "--as", "books", "--format", "json").out)
    assert told["routes"]["GET /books/list"] == "orders:read"
    assert [each["before"] for each in told["changes"]] == [None] * 3
    assert list(told["stricter"].values()) == [["GET /books/list/{book_id}"]]


@pytest.mark.parametrize(
    "content",
    [
        "route_sets: {books: {GET /mine: public}}\n",
        "# Made by `parclose import openapi`\nroute_sets: {other: {}}\n",
        "# Made by `parclose import openapi`\nroute_sets: {books: {}}\nsegments: {}\n",
        "# Made by `parclose import openapi`\nroute_sets: [\n",
        "",
    ],
)
def test_what_people_wrote_is_not_written_over(place: Path, content: str) -> None:
    """Only a file that an import made, of this set and nothing else."""
    (place / "mine.yaml").write_text(content)
    ran = run("import", "openapi", "api.yaml", "--as", "books", "--out", "mine.yaml")
    assert (ran.code, (place / "mine.yaml").read_text()) == (2, content)
    assert "name another with --out" in ran.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("missing.yaml", "--as", "books"), 3),
        (("policy.yaml", "--as", "books"), 3),
        (("policy.yaml", "--as", "books", "--format", "json"), 3),
        (("api.yaml", "--as", "Books"), 2),
        (("api.yaml", "--as", "books", "--base", "v1"), 2),
        (("api.yaml", "--as", "books", "--out", "api.yaml/x"), 2),
        (("api.yaml",), 2),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_cannot_be_imported_is_said(words: tuple[str, ...], code: int) -> None:
    """And nothing is written."""
    ran = run("import", "openapi", *words)
    assert ran.code == code
    assert ran.err or json.loads(ran.out)["findings"]
    assert not Path("imported").exists()
