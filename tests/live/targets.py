"""Request targets: what honest clients send, which passes byte for byte, and what nobody means well by.

The policy around them: `/public/**`, `/v1/**` and `/` are for everybody; `/v1/payouts/**` and `/admin/**`, which lies
below nothing, ask for a credential; `/v1/items/{id:int}` takes whole numbers.
"""

# ruff: noqa: E501 - a table is read down its columns

from __future__ import annotations

honest: list[str] = [
    "/", "/?", "/?a=b", "/public", "/public/", "/public/a", "/public/a/", "/public/a/b/c/d/e/f", "/public/index.html",
    # names as people and tools write them
    "/public/caf%C3%A9", "/public/caf%c3%a9", "/public/%E4%BD%A0%E5%A5%BD", "/public/%F0%9F%98%80", "/public/na%C3%AFve",
    "/public/a%20b", "/public/%20lead", "/public/a+b", "/public/a%2Bb", "/public/a~b", "/public/a%7Eb",
    "/public/a_b", "/public/a-b", "/public/a.b", "/public/a%2Eb", "/public/v1.2.3", "/public/archive.tar.gz",
    "/public/.well-known", "/public/.hidden", "/public/...", "/public/..a", "/public/a..b", "/public/.a.", "/public/a...b",
    "/public/@me", "/public/a@b.example", "/public/a:b", "/public/urn:isbn:0451450523", "/public/a!b", "/public/it's",
    "/public/(a)", "/public/a*b", "/public/a,b", "/public/a=b", "/public/a&b", "/public/$ref", "/public/a'b(c)d*e!",
    "/public/%40me", "/public/a%3Ab", "/public/a%2Cb", "/public/a%3Db", "/public/a%26b", "/public/%5Ba%5D",
    "/public/%7Bid%7D", "/public/a%22b", "/public/%3Ca%3E", "/public/a%7Cb", "/public/a%5Eb", "/public/a%60b",
    "/public/[a]", "/public/{a}", "/public/a|b", "/public/a^b", "/public/a`b", '/public/a"b', "/public/<a>",
    "/public/0f8fad5b-d9cb-469f-a165-70867728950e", "/public/0F8FAD5B-D9CB-469F-A165-70867728950E",
    "/public/MixedCaseId", "/public/ABC", "/public/eyJhbGciOiJub25lIn0", "/public/aHR0cHM6Ly9hLmI", "/public/2026-11-24",
    "/public/2026-11-24T12:00:00Z", "/public/12.5", "/public/-1", "/public/+1", "/public/1e9", "/public/%E2%82%AC",
    "/public/%C2%A0", "/public/%EF%BC%A1", "/public/%E2%84%AA", "/public/%C4%B1", "/public/stra%C3%9Fe",
    "/public/con", "/public/nul", "/public/a%24b", "/public/~user", "/public/*", "/public/**",
    "/public/" + "a" * 200, "/public/" + "/".join("abcdefghij"), "/public/" + "/".join(["x"] * 60),
    "/public/" + "%C3%A9" * 100, "/public/" + "a" * 4000,
    # queries, which decide nothing
    "/public/a?x=1", "/public/a?x=1&y=2", "/public/a?x=%2F..%2F", "/public/a?x=/../y", "/public/a?//", "/public/a?x=a;b",
    "/public/a?x=%00", "/public/a?x=%0d%0a", "/public/a?redirect=https://b.example/c?d=e", "/public/a?a[]=1&a[]=2",
    "/public/a?x=?y=?", "/public/a?x=\\", "/public/a?%zz", "/public/a?=", "/public/a?&&", "/public/a?x=%C3%A9",
    "/public/a?x=/admin/users", "/public/a?x=%", "/public/a?x={y}|z", "/public/a?" + "q" * 3000,
    # below the wildcard that has something strict in it
    "/v1/", "/v1/orders", "/v1/orders/7", "/v1/orders/Payouts-Report", "/v1/payout", "/v1/payoutss", "/v1/pay-outs",
    "/v1/items/7", "/v1/items/0042", "/v1/items/abc", "/v1/a/payouts", "/v1/a/admin", "/v1/items", "/v1/Orders/AbC",
]  # fmt: skip

hostile: list[str] = [
    # separators in disguise
    "/public/a%2fb", "/public/a%2Fb", "/public%2fa", "/public/%2f", "/public/a%5cb", "/public/a%5Cb", "/public/..%5cadmin",
    "/public/a\\b", "/public\\..\\admin", "\\public\\a", "/public/..\\admin", "/public/a%252fb", "/public/a%255cb",
    "/public/..%252fadmin", "/public/..%c0%af..%c0%afadmin", "/public/..%e0%80%afadmin", "/public/..%c1%9cadmin",
    "/public/..%ef%bc%8fadmin%2f", "/public/%u002fadmin", "/public/..%u2215admin", "/public/%%32%66admin",
    "/public/%2%66admin", "/v1%2fpayouts/1", "/v1/%2fpayouts/1", "/%2fadmin/users", "/%2e%2fadmin", "/admin%2fusers",
    # dots
    "/public/../admin/users", "/public/..", "/public/../", "/public/.", "/public/./a", "/./admin/users", "/../admin/users",
    "/..", "/.", "/public/%2e%2e/admin", "/public/%2E%2E/admin", "/public/.%2e/admin", "/public/%2e./admin",
    "/public/%2e/a", "/public/a/../../admin/users", "/public/%252e%252e/admin", "/public/..;/admin", "/public/..;a=b/admin",
    "/public/.;/admin", "/public/%2e%2e;/admin", "/v1/orders/../payouts/1", "/v1/./payouts/1", "/v1/%2e/payouts/1",
    "/v1/x/..%2fpayouts/1", "/public/..%00/admin", "/public/..%0d/admin", "/public/%c0%ae%c0%ae/admin",
    "/public/%e0%80%ae%e0%80%ae/admin", "/public/...;/admin", "/public/a/..", "/public/a/.",
    # empty segments
    "//admin/users", "//", "///", "/public//a", "/public/a//", "//public/a", "/v1//payouts/1", "/v1/payouts//1", "/v1//",
    "//evil.example/public/a", "///evil.example", "/public///a",
    # parameters and fragments
    "/admin;a=b/users", "/admin;/users", "/public/a;b", "/public;/../admin", "/v1;a/payouts/1", "/v1/payouts;a=b/1",
    "/v1/payouts%3ba/1", "/public/a%3bb", "/public/a#b", "/public/#/../admin", "/public/a%23b", "/public/a%3fb",
    "/admin%3f/../public/a", "/public/a%3F", "/admin#/public",
    # control and foreign bytes
    "/public/a%00", "/public/a%00.html", "/admin%00/public", "/public/a%0a", "/public/a%0d%0aSet-Cookie:x", "/public/%01",
    "/public/%1f", "/public/%7f", "/public/a%09b", "/v1/payouts%09/1", "/v1/payouts%0a/1", "/public/\x7f",
    "/public/caf\xe9", "/public/\xff", "/public/\xe2\x82\xac", "/public/%ff", "/public/%c3", "/public/%c3%28",
    "/public/%ed%a0%80", "/public/%f5%80%80%80", "/public/%80",
    # broken escapes
    "/public/%", "/public/a%2", "/public/100%25", "/public/%zz", "/public/%g0", "/public/%-1", "/public/a%%", "/public/%u0041", "/public/%x41",
    # what another server folds into something strict
    "/V1/payouts/1", "/v1/Payouts/1", "/v1/PAYOUTS/1", "/v1/payouts./1", "/v1/payouts../1", "/v1/payouts%20/1",
    "/v1/payouts%20%20/1", "/v1/payouts.%20/1", "/v1/%70ayouts%2e/1", "/v1/p%C4%81youts/../payouts", "/v1/PayOuts",
    "/v1/%EF%BD%90ayouts/1", "/v1/payout%C5%BF/1", "/v1/pa%E2%81%A5youts%2f1", "/v1/%EF%BC%B0ayouts/1",
    "/v1/payouts%C2%A0/1", "/v1/payouts%E3%80%80/1", "/v1/pay%EF%BD%8Futs/1", "/v1/PAYOUTS%20/1", "/Admin/users",
    "/ADMIN/users", "/aDmIn", "/admin./users", "/admin%20/users", "/%61dmin%2e/users", "/ADMIN./users",
    # what is strict in its plain spelling, too
    "/admin", "/admin/", "/admin/users", "/%61dmin/users", "/admin/%75sers", "/v1/payouts", "/v1/payouts/", "/v1/payouts/1",
    "/v1/%70ayouts/1", "/v1/payout%73", "/v1/payouts/1?x=/public/a", "/v1/payouts/caf%C3%A9",
    # no path, another server's, too much of one
    "public/a", "a", "?x=1", "*", "", "public", "http:/public/a", "http://", "http:///public/a", "http://evil.example/public/a",
    "https://evil.example/admin", "http://user@api.test/public/a", "http://api.test:99999/public/a", "http://api.test",
    "http://[::1/public/a", "javascript:alert(1)", "file:///etc/passwd", "/public/" + "a" * 9000,
    "/public/" + "/".join(["x"] * 70), "/public/a?" + "q" * 9000, "/nowhere", "/publicity", "/public.", "/public%2e/a",
]  # fmt: skip
