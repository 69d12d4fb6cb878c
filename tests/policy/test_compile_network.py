"""Zones, countries, listeners and trusted proxies: text in, findings and values out."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from parclose.policy.model import ClientIp
from tests.policy.shop import BASE, changed, load_text, said

OFFICE = "office: [198.51.100.0/26]"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ((OFFICE, "office: [198.51.100.1/26]"), [("NET006", "198.51.100.1/26")]),
        ((OFFICE, "office: {union: [vpm]}"), [("REF001", "vpm")]),
        ((OFFICE, "office: {union: [home]}\n  home: {union: [office]}"), [("REF004", "home")]),
        ((OFFICE, "office: {except: [vpn]}"), [("TYP003", "{")]),
        ((OFFICE, "any: [10.0.0.0/8]"), [("TYP002", "any")]),
        ((OFFICE, "office: {files: [no.txt]}"), [("REF005", "no.txt")]),
        ((OFFICE, "office: {files: [../no.txt]}"), [("REF005", "../no.txt")]),
        ((OFFICE, "office: [{about: x}]"), [("TYP003", "{")]),
        ((OFFICE, "office: [{cidr: 10.0.0.0/8, until: soon}]"), [("TYP002", "soon")]),
        (("[DK, NO, SE]", "[DK, UK]"), [("GEO003", "UK")]),
        (("[DK, NO, SE]", "{countries: []}"), [("TYP003", "{count")]),
        (("country_db: country.mmdb", "country_db: ../c.mmdb"), [("REF005", "../c.mmdb")]),
    ],
)
def test_zones_and_sets(change: tuple[str, str], found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said(change) == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("# pool\n10.0.0.0/24  # a\n\n2001:db8::/32\n", []),
        ("10.0.0.0/24\n10.0.0.300\n", [("REF005", "10.0.0.300")]),
        ("10.0.0.1/24\n", [("NET006", "10.0.0.1/24")]),
        ("# nothing\n", [("REF005", "z.txt")]),
    ],
)
def test_zone_files(content: str, found: list[tuple[str, str]]) -> None:
    """One prefix a line; what is wrong is shown in the zone file, an empty one where it is named."""
    assert said((OFFICE, "office: {files: [z.txt]}"), files={"z.txt": content}) == found


def test_a_zone_file_that_is_no_text() -> None:
    """A zone file that is not UTF-8 is refused where it is named."""
    assert [id_ for id_, _ in said((OFFICE, "office: {files: [z.txt]}"), files={"z.txt": b"\xff"})] == ["REF005"]


CLIENT_IP = "settings:\n  client_ip: {from: x-forwarded-for, trusted_proxies: [%s]}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (CLIENT_IP % "office", []),
        (CLIENT_IP % "", [("NET008", "x-forwarded-for")]),
        (CLIENT_IP % "any", [("NET001", "any")]),
        (CLIENT_IP % "office, halves", [("NET001", "halves")]),
        ("settings:\n  client_ip: {from: proxy-protocol}", [("NET008", "proxy-protocol")]),
        (CLIENT_IP.replace("x-forwarded-for", "proxy-protocol") % "office", []),
    ],
)
def test_who_is_believed(text: str, found: list[tuple[str, str]]) -> None:
    """A forwarded header needs trusted proxies, and they may not be everybody, in two halves neither."""
    halves = (OFFICE, f"{OFFICE}\n  halves: [0.0.0.0/1, 128.0.0.0/1]")
    assert said(("settings:", text), halves) == found


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ("{deny_geo: [nordic]}", []),
        ("{deny_geo: [KP]}", []),
        ("{deny_geo: [UK]}", [("GEO003", "UK")]),
        ("{deny_geo: [nordics]}", [("REF001", "nordics")]),
        ("{allow: [offfice]}", [("REF001", "offfice")]),
        ("{passthrough: [x.example]}", []),
    ],
)
def test_names_in_rules(network: str, found: list[tuple[str, str]]) -> None:
    """Zones, sets and codes of a rule must exist."""
    assert said(("    routes:", f"    network: {network}\n    routes:")) == found


def test_a_geo_rule_needs_a_database() -> None:
    """Without a database nobody's country is known: such a rule is refused, an unused set is not."""
    without = ("country_db: country.mmdb", "on_unknown: deny")
    assert said(without) == []
    assert said(without, ("    routes:", "    network: {deny_geo: [nordic]}\n    routes:")) == [("GEO001", "nordic")]


def test_what_comes_out() -> None:
    """Masks, databases beside the policy, listeners with their ports."""
    policy = load_text(changed(("settings:", CLIENT_IP % "office")))
    trusted = policy.zones.mask_of(["office"])
    assert policy.listener_at(8443, "reverse").client_ip == ClientIp(source="x-forwarded-for", trusted=trusted)
    assert policy.geo is not None
    assert policy.geo.country_db == "/p/country.mmdb"
    assert "office" in policy.zones.names(policy.zones.mask(ip_address("198.51.100.7"), 0.0))
    assert load_text(BASE).settings.admission.per_ip is not None
    off = load_text(changed(("settings:", "settings:\n  admission: {per_ip: ~, failed_auth: ~, deny_zones: [vpn]}")))
    assert (off.settings.admission.per_ip, off.settings.admission.failed_auth) == (None, None)
    assert off.settings.admission.deny == off.zones.mask_of(["vpn"])


@pytest.mark.parametrize("written", ["", "off", "request", "require"])
def test_a_listener_that_asks_for_certificates(written: str) -> None:
    """Left out, what the segments need decides; whoever asks must have a CA to verify against."""
    edge = ("kind: reverse", "kind: reverse" + (f", client_cert: {written}" if written else ""))
    asks = written in {"request", "require"}
    assert said(edge) == ([("AUT008", written)] if asks else [])
    pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    text = changed(edge, ("attributes:\n", "client_cas: {corp: {file: ca.pem}}\nattributes:\n"))
    policy = load_text(text, {"ca.pem": pem})
    assert policy.settings.listeners[0].client_cert == written
    assert policy.unenforced == ()
