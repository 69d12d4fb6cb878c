r"""The corpus of request targets: what each must come to, in the reader's language.

A heading says what its rows have in common: about what they are | what they come to | where they can be sent | method.
`passes`: the origin sees the target byte for byte; else it sees nothing, and status, reason and detail are told, as far
as they are certain. `1` and `2` are the versions of HTTP before an API, `a` the absolute form on the way out; left out
are `12a` and `GET`. In a target `\xNN` is a byte, `\\` a backslash, `{ab*3}` stands for `ababab`.
"""

import re
from dataclasses import dataclass

POLICY = """
segments:
  site:
    match: {listeners: [reverse, forward], hosts: [api.test, localhost], clients: [anonymous, app]}
    network: {destinations: {deny: []}}
    routes: {any /**: public}
  shop:
    match: {listeners: [reverse, forward], hosts: [api.test, localhost], paths: [/v1/**], clients: [anonymous, app]}
    network: {destinations: {deny: []}}
    routes:
      any /v1/**: public
      GET /v1/vault: authenticated
      GET /v1/orders/{id:uuid}/receipt: authenticated
  catalog:
    match:
      listeners: [reverse, forward]
      hosts: [api.test, localhost]
      paths: [/v1/items/**]
      clients: [anonymous, app]
    network: {destinations: {deny: []}}
    routes:
      GET /v1/items/{id:int}: public
      GET /v1/items/{id:int}/parts/{part:uuid}: public
      "GET /v1/items/{day:date}/{kind:enum(red,green)}": public
      GET /v1/items/named/{name}: public
      GET /v1/items/named/mine: authenticated
      GET /v1/items/named/{name}/{more}: authenticated
  strict:
    match:
      listeners: [reverse, forward]
      hosts: [api.test, localhost]
      paths: [/admin/**, /v1/payouts/**, /Reports/**, "/back%20office/**", /men\u00fc/**, /.internal/**,
              /v1/cash.desk/**]
      clients: [app]
    network: {destinations: {deny: []}}
    routes: {any /**: authenticated}
"""
STRICT = (
    ("admin",),
    ("v1", "payouts"),
    ("v1", "vault"),
    ("v1", "items", "named", "mine"),
    ("reports",),
    ("back office",),
    ("men\u00fc",),
    (".internal",),
    ("v1", "cash.desk"),
)
"""What the anonymous caller may not reach, as a lax server spells it: lower case, decoded."""

PASSES = "passes"
MISSING = "401 credential_missing"

HONEST_TEXT = r"""
plain words | passes
    / /a /a/b/c /index.html /v1 /v1/orders /public /favicon.ico
a slash at the end | passes
    /a/ /v1/orders/ /v1/ /public/b/c/
mixed case | passes
    /Ab/CD /v1/Orders /v1/orders/AbC-9z /README.md /V2/Thing /v1/users/McDonald /WEB-APP/x
    /v1/orders/0F8FAD5B-D9CB-469F-A165-70867728950E /v1/items/named/JosE
marks that RFC 3986 allows in a path | passes
    /users/@me /a:b /a!b /a$b /a&b /a'b /a(b) /a*b /a+b /a,b /a=b /~user /a-b_c.d~e /v1/orders:cancel /v1/a=b,c=d/e
    /maps/@48.85,2.35,15z /a:b(c)!$&'*,= /c++/x /oci/library/nginx@sha256:0123456789abcdef
marks that browsers leave as they are | passes | 12
    /a|b /a[1] /a^b /a`b /{id} /a"b /a<b>
dots inside names | passes
    /a.b /a..b /... /.well-known/thing /.env.example /a/..b /a/b.. /v1.2/x /a.b.c/d.e /jquery.min.js /v1/file.tar.gz
    /a/.b /..a /.... /a/...b
spaces and marks, escaped | passes
    /a%20b /a%20b/c%20d /a%2Bb /a%26b /a%3Db /a%40b /a%3Ab /a%2Cb /a%24b /a%21b /a%27b /a%28b%29 /a%2Ab /a%5Bb%5D
    /a%7Bb%7D /a%22b /a%3Cb%3E /a%7Cb /a%60b /a%5Eb
letters that need no escape | passes
    /%61b /a%2Eb /a%2db /a%5fb /a%7Eb /v1/%6frders
names in UTF-8 | passes
    /caf%C3%A9 /caf%c3%a9 /%E2%82%AC /%E6%97%A5%E6%9C%AC%E8%AA%9E /%F0%9F%98%80 /na%C3%AFve /stra%C3%9Fe
    /%D0%BC%D0%B8%D1%80 /%D7%A9%D7%9C%D7%95%D7%9D /%D9%85%D8%B1%D8%AD%D8%A8%D8%A7 /e%CC%81 /%C3%85ngstr%C3%B6m
    /%E2%84%A6 /%C4%B0stanbul /%EF%BD%83%EF%BD%84 /%C2%BD-cup /a%E2%80%93b /%E2%80%9Cq%E2%80%9D /a%C2%A0b
    /x%E2%80%A6 /v1/items/named/%E5%BE%A1%E5%BC%81 /v1/sizes/1%E2%81%842
typed parameters | passes
    /v1/items/7 /v1/items/0 /v1/items/named/x /v1/items/named/X /v1/items/named/a%20b
    /v1/items/7/parts/0f8fad5b-d9cb-469f-a165-70867728950e /v1/items/7/parts/0F8FAD5B-D9CB-469F-A165-70867728950E
    /v1/items/2024-02-29/red
shapes that APIs have | passes
    /v1/users/me/repos /v1beta1/projects/p/locations/-/clusters /odata/Orders(7)/Items /graphql /rest/api/2/search
    /_search /-/healthy /v2/_catalog /s3/bucket/key%20name.txt /repos/o/r/compare/a...b /20240131T120000Z
    /v1/users/a.b%40c.test /%40scope%2Dname /wiki/C%2B%2B /emoji/%F0%9F%91%A9%E2%80%8D%F0%9F%94%AC /%E2%9D%A4%EF%B8%8F
    /v1/x. /prices/%C2%A510
near to what is strict | passes
    /administrator /admins /adm /v1/payout /v1/payouts2 /v1/payouts-x/1 /xadmin /a/admin /v2/payouts /payouts
    /v1/x/payouts/1 /report /backoffice /menu /internal /v1/vaults /v1/cashxdesk /admin~ /admin-panel /admin_x
queries of every shape | passes
    /a? /a?x /a?x= /a?x=1&y=2 /a?x=1;y=2 /a?a=b=c /a?x=//y /a?x=/../y /a?x=%2f /a?x=%2F..%2F /a?x=a+b /a?x=a%20b
    /a?x=%00 /a?x=%0d%0a /a?x=%E2%82%AC /a?x=%ff /a?x=% /a?x=%zz /a?? /a?x?y /a?/admin /a?x=/admin/../.. /a?&& /a?=
    /a?next=https://b.test/c /a?x[]=1&x[]=2 /a?x={1} /a?x=1|2 /a?x=a:b@c /a?x=~!*'() /a?X=AbC /a/?x=1 /?x=1 /?
    /a?x=\\ /a?x=^ /a?x="y" /a?x=%2523 /a?x=..;/ /a?x=. /v1/items/7?expand=parts /a?x={y*4000}
raw UTF-8 in a query | passes | 12
    /a?x=caf\xc3\xa9
long, but not too long | passes | 12
    /{a*8191} {/s*64} {/s*63}/ /a?{b*8189}
the server as a whole | passes | 12 | OPTIONS
    *
an ordinary OPTIONS | passes | 12a | OPTIONS
    /a /a%20b
other methods | passes | 12a | POST
    /v1/orders /a/b%20c
other methods | passes | 12a | DELETE
    /v1/orders/7
other methods | passes | 12a | PATCH
    /v1/orders/7
more than one blank in the request line | passes | 1
    \x20/a
"""

STRICT_TEXT = r"""
the strict paths themselves | 401 credential_missing
    /admin /admin/ /admin/users /v1/payouts /v1/payouts/7 /v1/vault /Reports /Reports/7 /back%20office
    /back%20office/x /men%C3%BC/x /men%c3%bc /.internal/x /v1/items/named/mine /v1/cash.desk/1 /v1/cash%2Edesk/1
    /%2Einternal/x /v1/items/named/x/y
escapes that need not be | 401 credential_missing
    /%61dmin /admi%6E/x /v1/%70%61youts /v1/va%75lt /admin/%41
with a query | 401 credential_missing
    /admin? /admin?x=/public /admin/?.. /v1/payouts?x=%2e%2e/
types that do not fit | 404 no_route
    /v1/items/seven /v1/items/7.0 /v1/items/ /v1/items/7/parts/1 /v1/items/2024-02-30/red /v1/items/2024-02-29/blue
    /v1/items/%37x
a method no route has | 405 method_not_allowed | 12a | DELETE
    /v1/items/7
"""

HOSTILE_TEXT = r"""
empty segments | 400 path_ambiguous empty_segment
    // //a /a//b /a// //admin /v1//payouts /a///b /admin//users
empty segments | 400 path_ambiguous empty_segment | 12
    //evil.test/admin ///admin /a//../admin /v1// //a@evil.test
dot segments | 400 path_ambiguous dot_segment
    /. /.. /./ /../ /./admin /../admin /a/.. /a/. /a/../admin /a/./b /public/../admin /v1/./payouts /v1/x/../payouts
    /a/b/../../admin /admin/.. /v1/payouts/../orders /../../etc/passwd
dot segments, escaped | 400 path_ambiguous dot_segment
    /%2e /%2e%2e /a/%2e%2e/admin /a/%2E%2E/admin /a/.%2e/admin /a/%2e./admin /a/%2e/b /v1/%2e/payouts
    /public/%2e%2E/admin /%2e%2e/%2e%2e/admin
dot segments in other letters | 400 path_ambiguous dot_segment
    /public/%EF%BC%8E%EF%BC%8E/admin /public/%EF%BC%8E./admin /public/%E2%80%A5/admin /%E2%80%A4/admin
    /public/..%20/admin /public/%20../admin /public/.%20/admin /public/..%C2%A0/admin /%20..%20/admin
    /public/.%C2%AD./admin /public/%E2%80%8B../admin /public/%EF%B9%92%EF%B9%92/admin
    /v1/x%EF%BC%8F..%EF%BC%8Fpayouts /public%EF%BC%8F..%EF%BC%8F../admin
encoded separators | 400 path_ambiguous encoded_separator
    /a%2fb /a%2Fb /a/..%2fadmin /%2fadmin /admin%2f /v1%2fpayouts /v1/%2Fpayouts /..%2f..%2fadmin /a%5cb /a%5Cb
    /a%5c..%5cadmin /%5cadmin /..%5cadmin /v1%5cpayouts /%5c%5cevil.test%5cx
double encoding | 400 path_ambiguous encoded_separator
    /a%252fb /%252e%252e/admin /a%252e%252e%252fadmin /%2561dmin /a%25252fb /a%25 /%25%32%66admin /v1/%2570ayouts
    /%2525252e /a%253bb /admin%2500 /%25u002f
encoded marks that end or cut a path | 400 path_ambiguous encoded_separator
    /a%3bb /a%3Bx=1 /a%23b /admin%23 /a%3fb /admin%3F
encoded control bytes | 400 path_ambiguous encoded_separator
    /a%00b /admin%00 /admin%00.html /a%0ab /a%0db /a%0d%0aX:%20y /a%09b /admin%09 /a%1fb /a%7fb /admin%7F /a%08b
    /a%0bb /a%0cb /a%1b%5bH
half-encoded separators | 400 path_ambiguous encoded_separator
    /a%2f%2e%2e%2fadmin /a/%2e%2e%2fadmin /a%5c%2e%2e/admin /a%2f/b
broken escapes | 400 path_ambiguous broken_escape
    /a% /a%z /a%zz /a%2 /a%2/b /%u002fadmin /a%u002e%u002e/b /a%U0041 /%%32%65%%32%65/admin /%%2e /a%-1b /a%0xb
    /a%ZZ /%2%65admin /a%.b
no UTF-8: overlong, halves, surrogates | 400 path_ambiguous not_utf8
    /a%c0%afb /%c0%ae%c0%ae/admin /a%e0%80%afb /a%f0%80%80%afb /%c1%a1dmin /a%c1%9cb /a%c3 /a%ffb /%fe%ff
    /a%ed%a0%80b /a%80b /a%f8%80%80%80%afb /a%f4%90%80%80 /caf%e9 /%e0%ae
raw marks | 400 path_ambiguous character
    /a\\b /a\\..\\admin /\\admin /admin\\ /v1\\payouts /\\\\evil.test\\x
raw marks | 400 path_ambiguous character | 2
    /..\\admin /a/..\\../admin /.\\admin
path parameters | 400 path_ambiguous character
    /a;x /a;x=1/b /admin; /admin;jsessionid=1 /;/admin /v1/payouts;x/1 /a/..;/admin /public/..;x/admin /;a/admin
    /.;/admin /v1;/payouts /a;/../b /admin;%2f /admin;.css /admin;a=b;c=d/users /;
fragments | 400 path_ambiguous character | 12
    /a# /a#b /admin# /#/admin /a#/../admin /public#?x=/admin /#
fragments in a query | 400 path_ambiguous query | 12
    /a?# /a?x=1#frag /public?#/../admin /a?x#?y
raw bytes beyond ASCII | 400 path_ambiguous character | 12
    /caf\xc3\xa9 /\xff /a\x80b /a\xa0b /\xc0\xae\xc0\xae/admin /\xef\xbc\x8f
raw bytes beyond ASCII, on the way out | 400 | a
    /caf\xc3\xa9 /\xff /a\x80b /a?x=\xc3
raw control bytes | 400 path_ambiguous character
    /a\x01b /a\x08b /a\x1bb /a\x7fb /\x01/admin
raw control bytes in a query | 400 path_ambiguous query
    /a?x=\x01 /a?\x7f /a?x=\x1b[H
NUL | 400 path_ambiguous character | 1a
    /a\x00b /admin\x00 /\x00/admin
NUL | 400 path_ambiguous query | 1a
    /a?\x00
NUL in a frame | 400 | 2
    /a\x00b /admin\x00 /\x00/admin /a?\x00
blanks in the request line | 400 | 1
    /a\x20b /a\x09b /admin\x20/x /a\x0bb /a\x0cb /a\x20HTTP/1.1\x20x
blanks in a path frame | 400 path_ambiguous character | 2
    /a\x20b /a\x09b /a\x20HTTP/1.1 /a\x0bb
blanks in a query frame | 400 path_ambiguous query | 2
    /a?b\x20c /a?x\x20HTTP/1.1 /a?\x20/admin /a?x=\x0b1
blanks at the end of a frame | 400 | 2
    /admin\x20 /\x20 /a?x=\x09 /a?x=1\x20
line ends in a frame | 400 | 2
    /a\x0d\x0aX:\x20y /a\x0ab /a\x0db /a?x\x0d\x0ay /a\x20HTTP/1.1\x0d\x0aHost:\x20b\x0d\x0a\x0d\x0a
no path at all | 400 | 12
    (nothing) admin a/b ?x # . .. ../admin %2fadmin %2e%2e/admin * */admin ** @evil.test :80 \\admin http: http://
    admin/
the asterisk for others | 400 | 12 | POST
    *
a whole URL before an API | 400 request_malformed absolute_form | 1
    http://api.test/a http://other.test/a HTTP://api.test/a https://api.test/a http://api.test http://api.test/admin
URLs that are none | 400 | 1
    http:/a http:///a http://user@api.test/a http://user:pw@api.test/a file:///etc/passwd ftp://b/a javascript://x/a
    http:a http://api.test:99999/a http://api.test\\@evil.test/a http://[::1/a ://api.test/a http//api.test/a
    http://a\x20b/ data:,x api.test:80 http://api.test?/admin
URLs in a frame | 400 | 2
    http://api.test/a https://api.test/admin http://evil.test/ //evil.test/a http:///a a:/b
too long | 414 uri_too_long bytes | 12
    /{a*8192} /{%61*2731} /a?{b*8190} /{a/*4097}
too deep | 414 uri_too_long segments | 12
    {/s*65} /{s/*65} /v1/payouts{/s*100}
another case, with a strict path below | 400 path_ambiguous divergence
    /Admin /ADMIN/users /aDMIN /v1/Payouts /v1/PAYOUTS/7 /V1/payouts /V1/PAYOUTS/1 /v1/Vault /reports /REPORTS/7
    /reports/7 /Back%20Office/x /MEN%C3%9C/x /.Internal/x /v1/items/named/Mine /%41dmin /v1/pay%4Futs /v1/VAULT
    /v1/Cash.Desk /V1/vault
other letters that fold | 400 path_ambiguous divergence
    /%EF%BD%81dmin /adm%EF%BD%89n/x /%E2%93%90dmin /%F0%9D%90%9Admin /v1/%EF%BD%90ayouts /admi%E2%81%BF
    /v1/payout%C5%BF /adm%C4%B1n /adm%C4%B0n /%C2%AAdmin /ADM%C4%B0N/x /v1/vau%E2%85%BCt /back%C2%A0office/x
    /back%E3%80%80office /menu%CC%88/x /bac%E2%84%AA%20office/x
letters that nobody sees | 400 path_ambiguous divergence
    /ad%C2%ADmin /admin%E2%80%8B /%EF%BB%BFadmin /v1/pay%E2%80%8Douts /adm%E2%81%A0in/x /admin%EF%B8%8F
separators in other letters | 400 path_ambiguous divergence
    /v1%EF%BC%8Fpayouts /v1%EF%BC%BCpayouts /v1%E2%88%95payouts/7 /v1%E2%81%84payouts /v1%E2%88%96payouts
    /v1%C2%A5payouts /v1%E2%82%A9payouts /v1%EF%B9%A8payouts
dots and blanks at the ends | 400 path_ambiguous divergence
    /admin. /admin./users /admin.. /admin... /admin%20 /admin%20/users /admin%20. /admin.%20/x /admin%2e /%20admin
    /v1/payouts./7 /v1/payouts%20 /v1/%20payouts /v1%20/payouts /v1./payouts /admin%C2%A0 /admin%E3%80%80/x
    /v1/vault. /v1/vault%20 /v1/payouts%E2%80%83/1 /back%20office.
segments of nothing | 400 path_ambiguous divergence
    /v1/%20/payouts /.../admin /%20/admin /v1/%C2%A0/payouts/7 /%20/v1/vault /v1/.../payouts /v1/%E2%80%8B/payouts
    /v1/%E2%80%A6/payouts /%20.../admin
streams of NTFS | 400 path_ambiguous divergence
    /admin::$DATA /admin::$INDEX_ALLOCATION/x /admin:$I30:$INDEX_ALLOCATION/users /v1/vault::$data
    /v1/payouts::%24DATA/7 /admin%3a%3a$DATA /admin.::$DATA
more than one at once | 400 path_ambiguous divergence
    /Admin.%20/x /V1/Payouts%20./7 /%EF%BC%A1DMIN./x /v1%EF%BC%8FPAYOUTS.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One target and what it must come to."""

    about: str
    target: str
    expected: str
    wires: str
    method: str


def read_rows(text: str) -> list[Row]:
    """Return the rows of a table."""
    rows: list[Row] = []
    heading: list[str] = []
    for line in text.splitlines():
        if line.startswith(" "):
            about, expected, wires, method = [*heading, *["", "", "12a", "GET"][len(heading) :]]
            rows += [Row(about, _target(word), expected, wires, method) for word in line.split()]
        elif line:
            heading = line.split(" | ")
    return rows


def _target(word: str) -> str:
    """Return the target that a word of the table stands for, one character a byte."""
    if word == "(nothing)":
        return ""
    word = re.sub(r"\{([^{}*]+)\*(\d+)\}", lambda found: found[1] * int(found[2]), word)
    return re.sub(r"\\(?:x(..)|\\)", lambda found: chr(int(found[1], 16)) if found[1] else "\\", word)


HONEST = read_rows(HONEST_TEXT)
ROWS = [*HONEST, *read_rows(STRICT_TEXT), *read_rows(HOSTILE_TEXT)]
