"""What would be believed if these failed: that a policy is put in force whole, or says why not."""

import textwrap
from pathlib import Path

import pytest

from parclose.hooks.doors import Door
from parclose.hooks.editions import Press
from parclose.hooks.gate import Unfit
from tests.hooks.ground import POLICY
from tests.stores.authorities import authority
from tests.stores.test_geoip import write

AUDIT = "audit: {sinks: [{type: jsonl, path: ledger.jsonl}]}\n"
TEST = """\
tests:
  - name: visitors
    as: {from: 203.0.113.9}
    checks: {"GET http://api.test/shop/1": %s}
"""


def press(folder: Path, text: str) -> Press:
    """Return a press of a policy in a folder."""
    (folder / "policy.yaml").write_text(text)
    return Press(path=str(folder / "policy.yaml"))


def test_an_edition_has_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Policy, world, ledger, and the secrets that it forwards."""
    monkeypatch.setenv("UPSTREAM_KEY", "s3cret")
    text = POLICY.replace(
        "    upstream: billing\n", "    upstream: billing\n    forward: {set: {X-Key: {env: UPSTREAM_KEY}}}\n"
    )
    made = press(tmp_path, text + AUDIT).make()
    assert made.policy.name == "ground"
    assert {name.lower(): secret for (_, name), secret in made.secrets.items()} == {"x-key": "s3cret"}
    assert (tmp_path / "ledger.jsonl").exists()


def test_a_policy_must_fit_where_the_proxy_listens(tmp_path: Path) -> None:
    """What cannot be held at one of its doors is not put in force, at the start as at a reload."""
    parent = Door(spec="upstream:http://p:1", kind="forward", host="127.0.0.1", port=8081, parent=True)
    maker = press(tmp_path, POLICY + AUDIT)
    made = maker.make()
    maker.doors = (parent,)
    said = "segment `web`: `network.destinations` cannot be held"
    with pytest.raises(Unfit, match=said):
        maker.make()
    with pytest.raises(Unfit, match=said):
        maker.build(made.policy, made)


def test_the_journal_goes_on(tmp_path: Path) -> None:
    """Where the audit is the same; a new one is opened where it is not."""
    maker = press(tmp_path, POLICY + AUDIT)
    first = maker.make()
    assert maker.make(last=first).journal is first.journal
    press(tmp_path, POLICY + AUDIT.replace("ledger", "other"))
    assert maker.make(last=first).journal is not first.journal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (POLICY + "bogus: 1\n", ["policy.yaml", "TYP001", "bogus"]),
        (POLICY + AUDIT + TEST % "404 no_route", ["TST001", "visitors", "want 404 no_route", "got allow"]),
        (POLICY.replace("version: 1", ""), ["version"]),
        (
            POLICY.replace("remove: [x-debug]", "set: {X-Key: {env: NO_SUCH_VARIABLE}}"),
            ["NO_SUCH_VARIABLE", "is not set"],
        ),
        (POLICY + "audit: {sinks: [{type: jsonl, path: policy.yaml/x}]}\n", ["audit file"]),
    ],
)
def test_what_is_unfit_says_why(tmp_path: Path, text: str, words: list[str]) -> None:
    """Every finding, for people."""
    with pytest.raises(Unfit) as unfit:
        press(tmp_path, text).make()
    told = "\n".join(unfit.value.findings)
    assert [word for word in words if word not in told] == []


def test_authorities_are_looked_over(tmp_path: Path) -> None:
    """What listeners ask of handshakes is in the edition; a CA on which no chain can end is refused."""
    text = POLICY.replace("kind: reverse,", "client_cert: require, kind: reverse,")
    text = text.replace("clients:\n", "client_cas: {corp: {file: ca.pem}}\nclients:\n", 1)
    (tmp_path / "ca.pem").write_text(authority("corp").pem)
    made = press(tmp_path, text + AUDIT).make()
    assert [(listener.name, asking.mode) for listener, asking in made.asks.items()] == [("edge", "require")]
    (tmp_path / "ca.pem").write_text(authority("leaf", ca=False).pem)
    with pytest.raises(Unfit, match="client CA `corp` has a certificate that is none of an authority: `CN=leaf`"):
        press(tmp_path, text + AUDIT).make()


def test_a_missing_file_is_unfit(tmp_path: Path) -> None:
    """It is no exception of ours."""
    with pytest.raises(Unfit, match="does not exist"):
        Press(path=str(tmp_path / "none.yaml")).make()


def test_tests_may_be_ignored(tmp_path: Path) -> None:
    """Where the policy says so."""
    text = POLICY.replace("settings:\n", "settings:\n  reload: {require_tests: ignore}\n")
    assert press(tmp_path, text + AUDIT + TEST % "404 no_route").make().policy.name == "ground"


def test_what_is_not_enforced_is_unfit(tmp_path: Path) -> None:
    """The policy loads, its tests pass, and still no live proxy takes it up: each place is named."""
    text = POLICY.replace("settings:\n", "settings:\n  legacy_ratelimit_headers: true\n", 1)
    assert "legacy" in text
    with pytest.raises(Unfit) as refused:
        press(tmp_path, text + AUDIT).make()
    (said,) = refused.value.findings
    assert said.startswith("policy.yaml:")
    assert said.endswith("  `legacy_ratelimit_headers` is not enforced by this version")


def test_a_database_that_is_older_than_the_policy_wants_is_named(tmp_path: Path) -> None:
    """At each reload, for the log; without `max_age` no age is too great."""
    write(tmp_path / "country.mmdb", {"203.0.113.0/24": {"country": {"iso_code": "DE"}}})
    text = """
    version: 1
    name: atlas
    geo: {country_db: country.mmdb, max_age: 30d}
    segments:
      all: {match: {clients: [anonymous]}, network: {allow_geo: [DE]}, routes: {"GET /x": public}}
    """
    (tmp_path / "policy.yaml").write_text(textwrap.dedent(text))
    press = Press(path=str(tmp_path / "policy.yaml"))
    made = press.make()
    built = press.geo_built()["country_db"]
    assert press.stale(made.policy, built + 30 * 86_400) == []
    said = press.stale(made.policy, built + 31 * 86_400)
    assert said == ["`geo.country_db` was built 31 days ago, and may be 30 days old"]
