"""Every finding there is: its id, how bad it is, what it detects. Ids are stable; reports and comments quote them.

`E` blocks loading, `W` fails under `--strict`, `I` is advice. Nothing that depends on today's date, or on another
machine being up, is an `E`: what loaded yesterday must not fail tonight.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Entry(NamedTuple):
    """One kind of finding: `severity` is `E`, `W` or `I`."""

    severity: str
    detects: str


CATALOG: Mapping[str, Entry] = MappingProxyType(
    {
        "YML001": Entry("E", "YAML syntax, with hints for known traps"),
        "YML002": Entry("E", "duplicate key"),
        "YML003": Entry("E", "merge key or custom tag"),
        "YML004": Entry("E", "alias expansion beyond limit"),
        "TYP001": Entry("E", "unknown key, nearest suggestion"),
        "TYP002": Entry("E", "wrong type, unit or pattern"),
        "TYP003": Entry("E", "exclusive or missing-one-of fields"),
        "TYP004": Entry("W", "deprecated field, auto-fixable"),
        "TYP005": Entry("E", "A field or value that this version does not support yet"),
        "REF001": Entry(
            "E", "unknown name (zone, issuer, client, profile, route set, limit, role, geo set, persona, CA, store)"
        ),
        "REF002": Entry("W", "defined, never used"),
        "REF003": Entry("E", "unknown scope"),
        "REF004": Entry("E", "cycle"),
        "REF005": Entry("E", "file missing, unreadable, empty or malformed"),
        "INC001": Entry("E", "same name in two files"),
        "INC002": Entry("E", "segment outside the file's `may`"),
        "INC003": Entry("E", "section not allowed in this file"),
        "INC004": Entry("E", "include cycle, or path leaving the policy folder"),
        "INC005": Entry("W", "include pattern matches no file"),
        "SEG001": Entry("E", "ambiguous overlap, with witness"),
        "SEG002": Entry("E", "unreachable segment: audience empty, or wholly covered by winners, or host not in env"),
        "SEG003": Entry("W", "A narrower surface hides routes of another segment; lists them"),
        "SEG004": Entry("E", "no authn, and not every route public"),
        "SEG005": Entry("W", "no limits (E if a guardrail says so)"),
        "SEG006": Entry("W", "no `about` or owner"),
        "SEG007": Entry(
            "W", "zone or geo used as selector where only one segment has the surface: outsiders get an unhelpful 403"
        ),
        "SEG008": Entry("W", "A closed attribute value has no segment on a surface that splits by it"),
        "SEG009": Entry("E", "public route in a segment whose clients exclude `anonymous`"),
        "SEG010": Entry("W", "`wins_over` that never decides anything"),
        "SEG011": Entry("W", "`shadow` or `off` for more than 30 days, by the segment's or route's `since: DATE`"),
        "SEG012": Entry("W", "host `*` or path `/**` on a reverse listener together with `public`"),
        "SEG013": Entry("W", "wildcard write route that needs nothing beyond a valid credential"),
        "SEG014": Entry(
            "W", "A stricter surface or route lies under a wildcard while `paths.divergence` is not `reject`"
        ),
        "RTE001": Entry("E", "two routes match exactly the same requests"),
        "RTE002": Entry("E", "route outside the segment's surface, so unreachable"),
        "RTE003": Entry("W", "method falls through to a wider route with a weaker requirement"),
        "RTE004": Entry("W", "write method guarded only by a read-named scope"),
        "RTE005": Entry("W", "wildcard write route"),
        "RTE006": Entry("W", "A more specific route is weaker than the wider one above it (E for network/authn)"),
        "RTE007": Entry(
            "E", "`bind` names a parameter the template lacks, or an identity field the issuer cannot supply"
        ),
        "RTE008": Entry("E", "bad template: `**` not last, duplicate parameter, unknown type, competing `re` types"),
        "RTE009": Entry("W", "template with upper case, trailing slash or percent escapes"),
        "RTE010": Entry("W", "template set that needs more than 1,000 backtracking steps"),
        "RTE011": Entry("I", "route not hit in N days (needs `--usage`)"),
        "RTE012": Entry("W", "past its `sunset` date"),
        "REX001": Entry("E", "regex with ambiguous nested repetition when RE2 is not installed"),
        "NET001": Entry("W", "allow-all prefix in an allow list or trusted proxies (E for the latter)"),
        "NET002": Entry("W", "zone in an allow list has one address family while the listener takes both"),
        "NET003": Entry("W", "overlapping zones used with different effect, with a sample address"),
        "NET004": Entry("I", "duplicate, contained or mergeable prefixes"),
        "NET005": Entry("W", "entry past `until` (it no longer matches)"),
        "NET006": Entry("E", "host bits set"),
        "NET007": Entry(
            "W",
            "private range in an allow list on a listener whose peers are public addresses and that trusts no proxy",
        ),
        "NET008": Entry("E", "forwarded header used without trusted proxies"),
        "NET009": Entry("I", "zone larger than its `max_entries`, or file older than `refresh` x 10"),
        "NET010": Entry("W", "allow fully covered by deny: gate can never pass"),
        "GEO001": Entry("E", "geo rule, no database"),
        "GEO002": Entry("W", "database older than `max_age`"),
        "GEO003": Entry("E", "not an ISO country code, with suggestion"),
        "GEO004": Entry("W", "`legal` set with `on_unknown: allow`"),
        "AUT001": Entry("E", "http URL for discovery, keys or introspection"),
        "AUT002": Entry("E", "`none`, HS* with public keys, or empty algorithms"),
        "AUT003": Entry("E", "JWT issuer without audience"),
        "AUT004": Entry("W", "leeway above 5 min, or `max_age` above 24 h"),
        "AUT005": Entry("E", "two issuers expect the same `iss`"),
        "AUT006": Entry("W", "introspection without timeout or cache"),
        "AUT007": Entry(
            "W", "issuer host is itself a surface of this proxy, or is unreachable through the egress policy"
        ),
        "AUT008": Entry("E", "`mtls` accepted but no CA to verify against"),
        "AUT009": Entry(
            "W",
            "issuer or store accepted by the segment itself that no matching client type can come from",
        ),
        "AUT010": Entry("E", "`sender_constrained` on an issuer of opaque tokens that cannot return `cnf`"),
        "KEY001": Entry(
            "E",
            "clear-text secret: value in `hash`, `client_secret`, a private JWK, or what looks like a token anywhere",
        ),
        "KEY002": Entry("E", "weak or malformed hash"),
        "KEY003": Entry("W", "key expired, without expiry, or valid for more than a year"),
        "KEY004": Entry("E", "duplicate id or same hash twice"),
        "KEY005": Entry("I", "key records in the main file"),
        "CLI001": Entry("E", "hint used where it could grant"),
        "CLI002": Entry("E", "two client types can claim one caller, with witness"),
        "CLI003": Entry("W", "recogniser takes any client of an issuer that serves several"),
        "CLI004": Entry("W", "hint pattern that matches most traffic"),
        "SCO001": Entry("W", "scope never required"),
        "SCO002": Entry("W", "required scope that no key, role or persona carries (nobody can be shown to pass)"),
        "SCO003": Entry("W", "redundant requirement"),
        "LIM001": Entry("E", "key not always present and no fallback"),
        "LIM002": Entry("E", "burst or quota smaller than the dearest route's cost: that route can never pass"),
        "LIM003": Entry("W", "A window that can never bind, or contradicts another"),
        "LIM004": Entry("W", "memory store with several proxy processes"),
        "LIM005": Entry("W", "`ip` key while the peer is always a load balancer"),
        "LIM006": Entry("W", "`on_error: allow` on a segment whose routes all need a role"),
        "LIM007": Entry("W", "same tenant reachable through segments with separate buckets and no shared limit"),
        "LIM008": Entry("I", "daily quota without `tz`"),
        "MOD001": Entry("E", "`log_only: authn`"),
        "MOD002": Entry("W", "`log_only` on a concern that a guardrail relies on"),
        "FWD001": Entry(
            "W", "credential passed on to an upstream of another trust domain (egress segment, or several upstreams)"
        ),
        "FWD002": Entry("E", "identity header that is also a standard or credential header"),
        "AUD001": Entry("W", "no sink: the ledger goes to `audit/decisions.jsonl`"),
        "AUD002": Entry("W", "redaction misses a header that carries a configured credential"),
        "AUD003": Entry("W", "denials filtered out of all sinks"),
        "AUD004": Entry("W", "alert that no reachable reason can trigger"),
        "AUD005": Entry("E", "webhook sink over http, or through this proxy"),
        "TST001": Entry(
            "E", "test on a URL no listener can receive, unknown persona, or `expect` reason that does not exist"
        ),
        "TST002": Entry("E", "test without checks"),
        "TST003": Entry("W", "segment without at least one allow and one deny check"),
        "TST004": Entry("E", "coverage below the gate"),
        "TST005": Entry(
            "W", "vacuous: expected denial comes from `no_segment`, so the test would pass on an empty policy"
        ),
        "GRD001": Entry("E", "guardrail violated, with the (segment, route) cell and the missing facet"),
        "GRD002": Entry("E", "guardrail not provable, says what would make it so"),
        "GRD003": Entry("W", "guardrail pattern meets no surface"),
        "RUN002": Entry("E", "`mtls` in use but the proxy does not request client certificates"),
        "ALW001": Entry("I", "comment that allows nothing: no reason, or no such finding on its line"),
        "RUN004": Entry("W", "TLS pass-through host overlaps an egress segment with path rules"),
    }
)


def severity(id: str) -> str:  # noqa: A002
    """Return how bad a finding is; what the catalogue does not know blocks loading."""
    entry = CATALOG.get(id)
    return entry.severity if entry is not None else "E"
