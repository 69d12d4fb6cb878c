"""What would be believed if these failed: that a refused client is told exactly what the standards say, and no more."""

import json

import pytest
from mitmproxy import http

from parclose.hooks.answers import DESCRIPTIONS, QUOTA_TYPE, answer, limit_headers
from parclose.policy.segment import Errors
from parclose.reasons import Reason
from parclose.verdict import Hints, Reading, Verdict

ERRORS = Errors(realm="shop")
BEARER, DESCRIPTION = 'Bearer realm="shop"', "error_description"
LOGIN = "insufficient_user_authentication"
READING = Reading(
    name="steady", limit="a/steady", passed=False, quota=5, window_s=1, remaining=0, reset_s=3.0, retry_after_s=1.2
)
PASSED = Reading(name="daily", limit="a/daily", passed=True, quota=100, window_s=60, remaining=42, reset_s=16.1)


def denial(reason: Reason, *, status: int = 0, **more: object) -> Verdict:
    """Return a denying verdict."""
    return Verdict(reason=reason, status=status or reason.status, stage=reason.stage, decision="D1", **more)  # type: ignore[arg-type]


def told(made: http.Response, *names: str) -> list[str]:
    """Return every value of some headers."""
    return [value for name in names for value in made.headers.get_all(name)]


@pytest.mark.parametrize(
    ("verdict", "kind", "status", "headers"),
    [
        (
            denial(Reason.CREDENTIAL_MISSING, hints=Hints(schemes=("bearer", "api_key"))),
            "reverse",
            401,
            {"WWW-Authenticate": ['Bearer realm="shop"', 'ApiKey realm="shop"']},
        ),
        (
            denial(Reason.CREDENTIAL_MISSING, hints=Hints(schemes=("bearer",))),
            "forward",
            407,
            {"Proxy-Authenticate": ['Bearer realm="shop"', 'Basic realm="shop"'], "WWW-Authenticate": []},
        ),
        (
            denial(Reason.TOKEN_INVALID, hints=Hints(schemes=("bearer",), error="invalid_token")),
            "reverse",
            401,
            {
                "WWW-Authenticate": [
                    'Bearer realm="shop", error="invalid_token", error_description="the access token is not valid"'
                ]
            },
        ),
        (
            denial(Reason.SCOPE_MISSING, hints=Hints(scopes=("orders:read", "orders:write"))),
            "reverse",
            403,
            {
                "WWW-Authenticate": [
                    ", ".join(
                        [
                            BEARER,
                            'error="insufficient_scope"',
                            f'{DESCRIPTION}="{DESCRIPTIONS["insufficient_scope"]}"',
                            'scope="orders:read orders:write"',
                        ]
                    )
                ]
            },
        ),
        (
            denial(
                Reason.STEP_UP_REQUIRED,
                hints=Hints(schemes=("bearer",), error="insufficient_user_authentication", acr=("gold",), max_age_s=60),
            ),
            "reverse",
            401,
            {
                "WWW-Authenticate": [
                    f'{BEARER}, error="{LOGIN}", {DESCRIPTION}="{DESCRIPTIONS[LOGIN]}", acr_values="gold", max_age="60"'
                ]
            },
        ),
        (
            denial(Reason.STEP_UP_REQUIRED, hints=Hints(schemes=("bearer",), error=LOGIN, amr=("otp", "pwd"))),
            "reverse",
            401,
            {"WWW-Authenticate": [f'{BEARER}, error="{LOGIN}", {DESCRIPTION}="a login with otp and pwd is needed"']},
        ),
        (
            denial(Reason.TOKEN_TOO_OLD, hints=Hints(schemes=("bearer",), error="invalid_token", max_age_s=900)),
            "reverse",
            401,
            {
                "WWW-Authenticate": [
                    f'{BEARER}, error="invalid_token", {DESCRIPTION}="{DESCRIPTIONS["invalid_token"]}", max_age="900"'
                ]
            },
        ),
        (
            denial(Reason.HEADER_CONFLICT),
            "reverse",
            400,
            {
                "WWW-Authenticate": [
                    f'{BEARER}, error="invalid_request", {DESCRIPTION}="{DESCRIPTIONS["invalid_request"]}"'
                ]
            },
        ),
        (denial(Reason.HEADER_CONFLICT), "forward", 400, {"WWW-Authenticate": [], "Proxy-Authenticate": []}),
        (
            denial(Reason.PROOF_INVALID, hints=Hints(schemes=("dpop",), error="invalid_dpop_proof")),
            "reverse",
            401,
            {
                "WWW-Authenticate": [
                    ", ".join(
                        [
                            BEARER.replace("Bearer", "DPoP"),
                            'algs="ES256 EdDSA RS256 PS256"',
                            'error="invalid_dpop_proof"',
                            f'{DESCRIPTION}="{DESCRIPTIONS["invalid_dpop_proof"]}"',
                        ]
                    )
                ]
            },
        ),
        (
            denial(Reason.RATE_LIMITED, readings=(READING, PASSED), hints=Hints(retry_after_s=2)),
            "reverse",
            429,
            {
                "Retry-After": ["2"],
                "RateLimit-Policy": ['"steady";q=5;w=1, "daily";q=100;w=60'],
                "RateLimit": ['"steady";r=0;t=2, "daily";r=42;t=17'],
            },
        ),
        (
            denial(Reason.ZONE_DENIED),
            "reverse",
            403,
            {"Proxy-Status": ['parclose; error=http_request_denied; details="zone_denied"'], "WWW-Authenticate": []},
        ),
        (
            denial(Reason.DESTINATION_DENIED),
            "forward",
            403,
            {"Proxy-Status": ['parclose; error=destination_ip_prohibited; details="destination_denied"']},
        ),
        (
            denial(Reason.GEO_DENIED, status=451, hints=Hints(link="https://law.test/x")),
            "reverse",
            451,
            {"Link": ['<https://law.test/x>; rel="blocked-by"']},
        ),
        (
            denial(Reason.METHOD_NOT_ALLOWED, hints=Hints(allow=("GET", "HEAD"))),
            "reverse",
            405,
            {"Allow": ["GET, HEAD"]},
        ),
        (denial(Reason.AUTHN_UNAVAILABLE), "reverse", 503, {"Retry-After": ["5"]}),
        (denial(Reason.NO_SEGMENT), "reverse", 404, {"Retry-After": [], "Proxy-Status": []}),
    ],
)
def test_each_kind_of_denial(verdict: Verdict, kind: str, status: int, headers: dict[str, list[str]]) -> None:
    """Status and headers are those of the standards; nothing refused is stored by a cache."""
    made = answer(verdict, ERRORS, kind=kind)
    assert made.status_code == status
    assert {name: told(made, name) for name in headers} == headers
    assert told(made, "Cache-Control") == ["no-store"]


def test_a_problem_has_reason_and_decision() -> None:
    """The body says reason and id, and nothing of the policy unless the segment wants it."""
    verdict = denial(Reason.SCOPE_MISSING, segment="web", detail="d", hints=Hints(scopes=("a",), retry_after_s=1))
    plain = {"type": "about:blank", "title": "Forbidden", "status": 403, "reason": "scope_missing", "decision": "D1"}
    made = answer(verdict, ERRORS)
    assert (made.headers["content-type"], json.loads(made.content or b"")) == ("application/problem+json", plain)
    full = json.loads(answer(verdict, Errors(detail="full")).content or b"")
    assert full == {
        **plain,
        "stage": "scope",
        "segment": "web",
        "detail": "d",
        "required_scopes": ["a"],
        "retry_after": 1,
    }


def test_a_limit_has_its_own_type() -> None:
    """The type and the names of what was exceeded are those of the draft."""
    body = json.loads(answer(denial(Reason.RATE_LIMITED, readings=(READING, PASSED)), ERRORS).content or b"")
    assert (body["type"], body["violated-policies"]) == (QUOTA_TYPE, ["steady"])


@pytest.mark.parametrize(
    ("form", "content_type", "body"),
    [
        ("none", None, b""),
        ("text", "text/plain; charset=utf-8", b"404 no_route\ndecision D1\n"),
        ("json", "application/json", None),
    ],
)
def test_other_forms(form: str, content_type: str | None, body: bytes | None) -> None:
    """The segment chooses the form of the body."""
    made = answer(denial(Reason.NO_ROUTE), Errors(body=form))
    assert made.headers.get("content-type") == content_type
    if body is not None:
        assert made.content == body


@pytest.mark.parametrize(("kind", "shown"), [("reverse", Reason.NO_SEGMENT), ("forward", Reason.EGRESS_DENIED)])
def test_a_concealed_denial_is_byte_equal(kind: str, shown: Reason) -> None:
    """It cannot be told from a place where nothing is, whatever it was."""
    hidden = denial(
        Reason.RATE_LIMITED, status=404, concealed=True, segment="s", readings=(READING,), hints=Hints(retry_after_s=9)
    )
    one, other = answer(hidden, ERRORS, kind=kind), answer(denial(shown), ERRORS, kind=kind)
    assert (one.status_code, one.reason, one.headers.fields, one.content) == (
        other.status_code,
        other.reason,
        other.headers.fields,
        other.content,
    )


def test_head_has_no_body() -> None:
    """The answer to HEAD is headers alone."""
    assert answer(denial(Reason.NO_ROUTE), ERRORS, head=True).content == b""


def test_quotes_cannot_be_broken_out_of() -> None:
    """What stands in a quoted string stays in it."""
    made = answer(denial(Reason.CREDENTIAL_MISSING, hints=Hints(schemes=("bearer",))), Errors(realm='a"\\\r\nb\xe9'))
    assert told(made, "WWW-Authenticate") == ['Bearer realm="a\\"\\\\??b?"']


def test_of_two_limits_of_one_name_the_tighter_is_told() -> None:
    """A name stands once in each field."""
    looser = READING._replace(passed=True, remaining=4)
    assert limit_headers((looser, READING)) == limit_headers((READING, looser)) == limit_headers((READING,))
    assert limit_headers(()) == []


@pytest.mark.parametrize("passed", [True, False])
def test_a_quota_tells_its_period_and_slots_their_unit(passed: bool) -> None:
    """A day of changed clocks has its own length; nobody knows when a slot comes free, so only a refusal guesses."""
    wait_s, left = (0.0, 3) if passed else (1.0, 0)
    day = Reading(
        name="day", limit="a/day", passed=passed, quota=9, window_s=82_800, remaining=left, reset_s=60.5,
        retry_after_s=60.5 if not passed else 0.0,
    )  # fmt: skip
    slots = Reading(
        name="parallel", limit="a/parallel", passed=passed, quota=20, window_s=0, remaining=left, reset_s=0.0,
        retry_after_s=wait_s,
    )  # fmt: skip
    assert limit_headers((day, slots)) == [
        ("RateLimit-Policy", '"day";q=9;w=82800, "parallel";q=20;qu="concurrent-requests"'),
        ("RateLimit", f'"day";r={left};t=61, "parallel";r={left}' + ("" if passed else ";t=1")),
    ]


@pytest.mark.parametrize("reason", [Reason.QUOTA_EXHAUSTED, Reason.CONCURRENCY_EXCEEDED])
def test_every_limit_is_answered_alike(reason: Reason) -> None:
    """429, when to come again, which limit it was, and the problem type of the draft."""
    made = answer(denial(reason, readings=(READING,), hints=Hints(retry_after_s=2)), ERRORS)
    body = json.loads(made.text or "")
    assert (made.status_code, made.headers["Retry-After"], made.headers["RateLimit"]) == (429, "2", '"steady";r=0;t=2')
    assert (body["type"], body["reason"], body["violated-policies"]) == (QUOTA_TYPE, str(reason), ["steady"])
