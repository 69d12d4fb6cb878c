"""The worked example: if these fail, the language no longer means what its specification shows."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from parclose.cases import run_cases
from parclose.policy.errors import Finding, PolicyError
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.stores.files import list_files, read
from tests.house.tree import ROOT

ACME = ROOT / "policies" / "acme"
MADE = {
    "keys/ci.jwks.json", "keys/cluster.jwks.json", "ca/corp-devices.pem", "ca/partner-hub.pem", "zones/blocklist.txt",
    "geo/country.mmdb",
}  # fmt: skip
ORDER = "/v1/orders/0f8fad5b-d9cb-469f-a165-70867728950e"
PAID = "clients: [web-app], attributes: {plan: [paid, enterprise]}"
FREE = "clients: [web-app, anonymous], attributes: {plan: [free]}"

type Change = tuple[str, str, str]  # file, what stands there, what is written instead


def loaded(folder: Path, *changes: Change) -> Policy:
    """Return the example with words of it changed, each of which must be there."""
    shutil.copytree(ACME, folder, dirs_exist_ok=True)
    for name, old, new in changes:
        text = (folder / name).read_text()
        assert old in text, old
        (folder / name).write_text(text.replace(old, new, 1))
    return load(str(folder / "policy.yaml"), read, list_files=list_files)


def findings(folder: Path, *changes: Change) -> tuple[Finding, ...]:
    """Return what is wrong with the example once it is changed."""
    try:
        loaded(folder, *changes)
    except PolicyError as wrong:
        return wrong.findings
    return ()


def test_it_passes_all_its_checks_as_written(tmp_path: Path) -> None:
    """Each single check and each sequence counts once."""
    policy = loaded(tmp_path)
    report = run_cases(policy)
    assert report.failed == ()
    assert report.summary == "17 tests, 50 checks, 0 failed"
    assert (len(policy.segments), len(policy.guardrails)) == (10, 4)


def test_what_it_names_can_be_made_again(tmp_path: Path) -> None:
    """With other keys it says the same; what is there stays, and no private key is ever written."""
    shutil.copytree(ACME, tmp_path, dirs_exist_ok=True)
    kept = (tmp_path / "ca" / "corp-devices.pem").read_bytes()
    for name in MADE - {"ca/corp-devices.pem"}:
        (tmp_path / name).unlink()
    make = runpy.run_path(str(ACME / "make"))["make"]
    assert set(make(tmp_path)) == MADE - {"ca/corp-devices.pem"}
    assert make(tmp_path) == []
    assert (tmp_path / "ca" / "corp-devices.pem").read_bytes() == kept
    assert run_cases(load(str(tmp_path / "policy.yaml"), read, list_files=list_files)).failed == ()
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert written.keys() - {path.relative_to(ACME).as_posix() for path in ACME.rglob("*")} == set()
    secret = b"PRIVATE" + b" KEY"
    assert [name for name, body in written.items() if secret in body or b'"d":' in body] == []


@pytest.mark.parametrize(
    ("change", "id_", "place", "fix"),
    [
        (("teams/web.yaml", f", {PAID.partition(', ')[2]}", ""), "SEG001", "teams/web.yaml:26", "wins_over: [web-"),
        (("teams/web.yaml", "[web-app, anonymous]", "[web-ap, anonymous]"), "REF001", "teams/web.yaml:16", "`web-app`"),
        (("policy.yaml", "[staff-networks]", "[staf-networks]"), "REF001", "policy.yaml:132", "`staff-networks`"),
        (("policy.yaml", "deny_geo: [embargoed]", "deny_geo: [embargod]"), "REF001", "policy.yaml:127", ""),
        (("policy.yaml", "[acme-login, legacy", "[acme-logn, legacy"), "REF001", "policy.yaml:128", "`acme-login`"),
        (("policy.yaml", "{token: {issuer: ci-runners}}", "{token: {issuer: ci-runner}}"), "REF001", "policy.yaml:87",
         "`ci-runners`"),
        (("policy.yaml", "grants: [admin:write]", "grants: [admin:wirte]"), "REF003", "policy.yaml:106",
         "`admin:write`"),
        (("teams/web.yaml", "use: [customer-facing]", "use: [customer-facin]"), "REF001", "teams/web.yaml:15",
         "`customer-facing`"),
        (("teams/web.yaml", "route_sets: [storefront-v1]", "route_sets: [storefront-v2]"), "REF001",
         "teams/web.yaml:17",
         "`storefront-v1`"),
        (("teams/mobile.yaml", "shared: customer-daily", "shared: customer-dayly"), "REF001", "teams/mobile.yaml:14",
         "`customer-daily`"),
        (("teams/web.yaml", "as: free-user", "as: free-usr"), "TST001", "teams/web.yaml:43", "`free-user`"),
        (("teams/web.yaml", ":     orders:read", ":     order:read"), "REF003", "teams/web.yaml:6", "`orders:read`"),
        (("teams/platform.yaml", "roles: {any: [staff, support]}", "roles: {any: [staf, support]}"), "REF001",
         "teams/platform.yaml:6", "`staff`"),
        (("policy.yaml", "ca: corp-devices", "ca: corp-device"), "REF001", "policy.yaml:88", "`corp-devices`"),
        (("teams/partners.yaml", "store: partners}", "store: partner}"), "REF001", "teams/partners.yaml:6",
         "`partners`"),
        (("policy.yaml", '[10.40.0.0/14, "fd00:c1::/48"]', "[::1/128]"), "YML001", "policy.yaml:114", "quote"),
        (("policy.yaml", "limits:  ", "limitz:  "), "TYP001", "policy.yaml:136", "`limits`"),
        (("teams/web.yaml", "rate: 5/s,", "rate: 5/sec,"), "TYP002", "teams/web.yaml:19", "`5/s`"),
        (("teams/web.yaml", "quota: 2000/day", "quota: 9/day"), "LIM002", "teams/web.yaml:21", "quota: "),
        (("policy.yaml", "10.20.0.0/16", "10.20.1.0/16"), "NET006", "policy.yaml:110", "`10.20.0.0/16`"),
        (("policy.yaml", "CU, IR, KP", "CU, IR, UK"), "GEO003", "policy.yaml:122", "`GB`"),
        (("teams/web.yaml", "clients: [web-app, anonymous]", "clients: [script, anonymous]"), "CLI001",
         "teams/web.yaml:16", ""),
        (("teams/web.yaml", "hosts: [api.acme.example]", "hosts: [admin.acme.example]"), "INC002",
         "teams/web.yaml:16", ""),
        (("teams/platform.yaml", "log_only: [limits]", "log_only: [authn]"), "MOD001", "teams/platform.yaml:30", ""),
        (("teams/platform.yaml", "{allow: [corp-vpn], deny_as: 404}\n    authn: {accept: [token],",
          "{allow: [offices], deny_as: 404}\n    authn: {accept: [token],"), "GRD001", "policy.yaml:152", ""),
    ],
)  # fmt: skip
def test_one_word_is_enough(tmp_path: Path, change: Change, id_: str, place: str, fix: str) -> None:
    """Each slip of one word is refused where it stands, with what to write."""
    found = findings(tmp_path, change)
    told = [finding for finding in found if finding.id == id_]
    assert told, [finding.render() for finding in found]
    assert place in {f"{finding.file}:{finding.line}" for finding in told}
    assert any(fix in f"{finding.fix} {finding.message}" for finding in told), told[0].render()


def test_without_attributes_the_free_tier_is_the_wider_one(tmp_path: Path) -> None:
    """It still loads: the paid tier is then strictly narrower, so it wins, and nobody lands elsewhere."""
    policy = loaded(tmp_path, ("teams/web.yaml", FREE, FREE.partition(", attributes")[0]))
    assert run_cases(policy).failed == ()


def test_a_type_and_a_scope_changed_by_mistake(tmp_path: Path) -> None:
    """Five checks fail in four tests, and a refusal for another reason is told as such."""
    policy = loaded(
        tmp_path,
        ("teams/web.yaml", "GET /v1/orders/{id:uuid}", "GET /v1/orders/{id:int}"),
        ("teams/partners.yaml", "{scopes: orders:read, ", "{scopes: orders:write, "),
    )
    report = run_cases(policy)
    assert (report.summary, len({result.test for result in report.failed})) == ("17 tests, 50 checks, 5 failed", 4)
    failed = {(result.test, result.request): result for result in report.failed}
    free = failed["free plan reads orders but cannot place them", f"GET https://api.acme.example{ORDER}"]
    assert (free.want, free.got) == ("allow @web-free", "405 method_not_allowed @web-free")
    partner = failed[
        "a partner key is bound to its own tenant", "GET https://partners.acme.example/v2/initech/orders/1"
    ]
    assert (partner.want, partner.got) == ("403 bind_mismatch @partner", "403 scope_missing @partner")
    assert partner.rule.endswith("teams/partners.yaml:17")
    assert "still refused, but for another reason" in partner.note
