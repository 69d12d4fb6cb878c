"""An upstream that names a CA is believed by that CA alone, through a real mitmdump.

If these fail, whoever holds a certificate of any public authority may pose as the upstream.
"""

import pytest

from tests.live.certs import Certificate, make_certificate, serving
from tests.live.realm import THINGS, Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live


def realm(origin: Origin, ca: Certificate) -> Realm:
    """Return a realm whose segment has an upstream with TLS and a CA of its own."""
    url = f"https://localhost:{origin.port}"
    more = f'upstreams: {{own: {{url: "{url}", tls: {{ca: "{ca.chain}", server_name: origin.test}}}}}}\n'
    return Realm(THINGS + "    upstream: own\n", more=more)


@pytest.mark.parametrize(("signed_by", "status"), [("right", 200), ("wrong", 502)])
async def test_only_its_own_ca_counts(signed_by: str, status: int) -> None:
    """With the CA's certificate requests arrive, under the name that the policy says; with another they do not."""
    authorities = {name: make_certificate(f"{name}-ca", is_ca=True) for name in ("right", "wrong")}
    shown = make_certificate("origin.test", authorities[signed_by])
    async with (
        Origin(tls=serving(shown)) as origin,
        Guard(realm(origin, authorities["right"]), upstream=origin) as guard,
    ):
        answer = await guard.ask(message("GET /open/1"))
        assert answer.status == status
        assert len(origin.seen) == (1 if status == 200 else 0)
        assert b"certificate" not in answer.raw
