"""What would be believed if these failed: that people see the verdict, and that nothing they see is a secret."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mitmproxy import certs

from parclose.hooks.inspector import KEY, Inspector, mark_of, words
from parclose.reasons import Reason
from parclose.testing import facts, policy_from
from parclose.verdict import Effect, Principal, Verdict
from tests.hooks.ground import POLICY, exchange, live, service
from tests.stores.authorities import authority

CALLER = Principal(client_type="partner", subject="u-1")


@pytest.mark.parametrize(
    ("verdict", "comment", "mark"),
    [
        (Verdict(effect=Effect.ALLOW, reason=None, segment="s", route="GET /x"), "allow · s · GET /x", ""),
        (
            Verdict(reason=Reason.ROLE_MISSING, status=403, segment="s", principal=CALLER),
            "deny 403 role_missing · s · partner",
            ":no_entry:",
        ),
        (Verdict(reason=Reason.RATE_LIMITED, status=429), "deny 429 rate_limited", ":hourglass:"),
        (Verdict(reason=Reason.NO_SEGMENT, status=404), "deny 404 no_segment", ":question:"),
    ],
)
def test_words_and_marks(verdict: Verdict, comment: str, mark: str) -> None:
    """The verdict comes first; only what is worth a look is marked."""
    assert (words(verdict), mark_of(verdict)) == (comment, mark)


def test_a_live_flow_carries_its_decision(tmp_path: Path) -> None:
    """As one JSON string and two flat keys, without the credential."""
    house, judged = service(tmp_path), live("GET http://api.test/shop/1", {"X-Api-Key": "globex_s3cret"})
    under_way = exchange(house, facts("GET http://api.test/shop/1", listener="edge"), judged)
    under_way.refuse(Reason.NO_ROUTE)
    Inspector(house).requestheaders(judged)
    line = json.loads(judged.metadata[KEY])
    assert (line["verdict"]["reason"], line["decision"]) == ("no_route", "test")
    assert (judged.metadata["parclose.verdict"], judged.metadata["parclose.segment"]) == ("deny", "")
    assert "s3cret" not in json.dumps(judged.metadata)
    assert judged.comment.startswith("deny 404")


def test_a_late_change_is_shown(tmp_path: Path) -> None:
    """What was refused after all says so; what was allowed is not written twice."""
    house, judged = service(tmp_path), live()
    under_way = exchange(house, judged=judged)
    under_way.verdict = Verdict(effect=Effect.ALLOW, reason=None)
    inspector = Inspector(house)
    inspector.response(judged)
    assert judged.comment == ""
    under_way.refuse(Reason.BODY_TOO_LARGE)
    inspector.error(judged)
    assert judged.comment == "deny 413 body_too_large"


@pytest.mark.parametrize(
    ("request_line", "headers", "comment"),
    [
        ("GET http://api.test/shop/1", {}, "allow · shop · GET /shop/** · anonymous"),
        ("GET http://api.test/nowhere", {}, "deny 404 no_segment"),
        ("GET http://api.test/shop/1", {"X-Api-Key": "k"}, "maybe: credential was not kept with the request"),
    ],
)
def test_a_loaded_flow_is_decided_for_show(
    tmp_path: Path, request_line: str, headers: dict[str, str], comment: str
) -> None:
    """It is judged anew, with fresh counters; what its recording lacks is said."""
    house, judged = service(tmp_path), live(request_line, headers)
    judged.live = False
    Inspector(house).requestheaders(judged)
    assert judged.comment == comment
    assert judged.response is None


def test_a_certificate_that_was_shown_is_not_kept(tmp_path: Path) -> None:
    """Whoever showed one was not anonymous, and nobody can say any more who it was."""
    house, judged, root = service(tmp_path), live("GET http://api.test/shop/mine"), authority()
    corp = "client_cas: {corp: {file: ca.pem}}\nclients:\n  device: [{mtls: {ca: corp}}]\n"
    text = POLICY.replace("clients:\n", corp, 1).replace("clients: [partner,", "clients: [device, partner,")
    assert house.edition is not None
    house.edition = replace(house.edition, policy=policy_from(text, {"ca.pem": root.pem}))
    judged.live, judged.client_conn.certificate_list = False, [certs.Cert(root.issue().certificate)]
    Inspector(house).requestheaders(judged)
    assert judged.comment == "maybe: credential was not kept with the request"


def test_what_stands_on_a_loaded_flow_stays(tmp_path: Path) -> None:
    """A comment somebody wrote, or a decision of its own, is not replaced."""
    house, judged = service(tmp_path), live()
    judged.live, judged.comment = False, "mine"
    Inspector(house).requestheaders(judged)
    assert judged.comment == "mine"
    judged.comment, judged.metadata[KEY] = "", "{}"
    Inspector(house).requestheaders(judged)
    assert judged.comment == ""
