r"""The corpus of names for a destination: Host, `:authority`, absolute form, CONNECT, TLS name; what they come to.

A heading says: about what its rows are | where they are sent | what they come to. `to SEGMENT` passes: that segment
judged it, and the origin sees the last name as it was sent; else it sees nothing. Where they are sent, and what a row
holds, its parts apart by `>`:

    plain    before an API, HTTP/1 in the clear: Host               old      the same in HTTP/1.0
    tls      before an API, in TLS: TLS name > Host                 h2       TLS name > `:authority`
    out      absolute form on the way out: URL > Host
    tunnel   CONNECT > Host                                         within   CONNECT > TLS name > Host, in TLS
    within2  CONNECT > TLS name > `:authority`                      connect  CONNECT > the Host beside it

Several places share rows that mean the same there. Several Host lines, or a Host beside `:authority`, are joined by
`&`. `-` is absent, `(empty)` empty, `PORT` the origin's port, `\xNN` a byte, `{ab*3}` stands for `ababab`.
"""

import re
from dataclasses import dataclass

SEGMENTS = """
segments:
  front:
    match: {hosts: [api.test], clients: [anonymous]}
    routes: {any /**: public}
  other:
    match: {hosts: [other.test, my_host.test, xn--bcher-kva.test], clients: [anonymous]}
    routes: {any /**: public}
  wild:
    match: {hosts: ["*.wild.test"], clients: [anonymous]}
    routes: {any /**: public}
  literal:
    match: {hosts: ["127.0.0.1", "::1"], clients: [anonymous]}
    routes: {any /**: public}
  strict:
    match: {hosts: [admin.test, admin.wild.test], clients: [app]}
    routes: {any /**: authenticated}
  out:
    match: {listeners: [forward], hosts: [localhost, "127.0.0.1"], clients: [anonymous]}
    network: {destinations: {deny: []}}
    routes: {any /**: public}
  out-strict:
    match: {listeners: [forward], hosts: [intern.test, xn--bcher-kva.test], clients: [app]}
    routes: {any /**: authenticated}
"""

TEXT = r"""
spelled as it is | plain old | to front
    api.test API.TEST Api.Test aPI.tEST
spelled as it is | plain old | to other
    other.test xn--bcher-kva.test XN--BCHER-KVA.TEST my_host.test
a dot at the end | plain | to front
    api.test. API.TEST.
a port | plain | to front
    api.test:80 api.test:443 api.test:8080 api.test:65535 api.test:1 api.test: api.test.:80
blanks around | plain | to front
    \x20api.test api.test\x20 \x09api.test\x09 api.test\x0b
below a suffix | plain | to wild
    x.wild.test X.Wild.Test a.b.wild.test x.wild.test. x-1.wild.test _x.wild.test xn--bcher-kva.wild.test 1.wild.test
    x.wild.test:81 api.test.wild.test evil-admin.wild.test x.admin.wild.test {a*63}.wild.test {a.*121}wild.test
an address | plain old | to literal
    127.0.0.1 127.0.0.1:80 [::1] [::1]:80 [0:0:0:0:0:0:0:1] [::0001] [0::1]:8080
what is strict | plain old | 401 credential_missing
    admin.test ADMIN.TEST admin.test. admin.test:80 admin.wild.test Admin.Wild.Test. admin.wild.test:443
neighbours | plain | 404 no_segment
    evilapi.test api.test.evil.test api-test apitest sub.api.test api.tes test wild.test xwild.test localhost
    x.wild.test.evil.test wild.test. my-host.test bcher.test xn--bcher-kva.tes admin.tests api.test.com
addresses that some read as the listed one | plain | 404 no_segment
    2130706433 0x7f000001 127.1 0177.0.0.1 127.0.0.01 127.0.1 017700000001 [::ffff:127.0.0.1] [::127.0.0.1] 0.0.0.0
no name | plain old | 400 request_malformed host
    - (empty)
two lines | plain old | 400 request_malformed host
    api.test&api.test api.test&other.test other.test&api.test api.test&admin.test api.test&(empty) (empty)&api.test
    api.test&API.TEST api.test&api.test&api.test
lists | plain | 400 request_malformed host
    api.test,other.test api.test,\x20other.test api.test\x20other.test api.test\x09admin.test api.test; api.test,
userinfo | plain | 400 request_malformed host
    user@api.test user:pw@api.test api.test@evil.test @api.test api.test@ api.test:80@evil.test
more than a name | plain | 400 request_malformed host
    api.test/ api.test/admin http://api.test //api.test api.test?x api.test#x api.test\\x api.test%00 api%2etest
    api.test%2f {id}.test $(id).test `id`.test \x3capi.test\x3e "api.test" 'api.test' * *.wild.test api*.test
ports that are none | plain | 400 request_malformed host
    api.test:0 api.test:65536 api.test:99999 api.test:100000 api.test:-1 api.test:+80 api.test:x api.test:80:80
    api.test:0x50 api.test::80 api.test:8\x200 api.test:80. :80 : [::1]:99999 api.test:\xd9\xa8\xd9\xa0
brackets | plain | 400 request_malformed host
    [::1 ::1] ::1 [::1]x [::1]]:80 [[::1]] [api.test] [127.0.0.1] [] [::1%25lo] [::1%lo] [fe80::1%eth0] [v1.fe80::1]
    [::1]. [:::1] [::1/128] [1:2:3:4:5:6:7:8:9] 1::2
dots and labels | plain | 400 request_malformed host
    . .. .api.test api..test api.test.. ..api.test {a*64}.wild.test {a*254} {a.*127}wild.test {x*300}.wild.test
letters beyond ASCII | plain | 400 request_malformed host
    b\xc3\xbccher.test api.test\xc2\xa0 \xef\xbd\x81pi.test api\xe3\x80\x82test api.te\xc5\xbft \xe2\x84\xaa.test
    api.test\xe2\x80\x8b api\xc2\xad.test \xff api.\xe2\x93\xa3est
control bytes | plain | 400 request_malformed
    api.test\x00 api.test\x00.evil.test \x00 api\x0dtest api.test\x0dX:y api.test\x01 api.test\x7f api\x0btest

the same name in TLS | tls h2 | to front
    api.test>api.test API.TEST>api.test api.test>API.TEST api.test>api.test:443 api.test>api.test:8443
    api.test.>api.test api.test>api.test. ->api.test ->API.TEST:443
the same name in TLS | tls h2 | to wild
    x.wild.test>x.wild.test a.b.wild.test>A.B.wild.test
the same name in TLS | tls h2 | to other
    other.test>other.test xn--bcher-kva.test>xn--bcher-kva.test ->my_host.test
an address has no TLS name | tls h2 | to literal
    ->127.0.0.1 ->[::1] ->[::1]:443
what is strict | tls h2 | 401 credential_missing
    admin.test>admin.test ->admin.test ->ADMIN.TEST. admin.wild.test>admin.wild.test
another name in TLS | tls h2 | 421 sni_mismatch
    other.test>api.test api.test>other.test api.test>admin.test admin.test>api.test x.wild.test>y.wild.test
    x.wild.test>admin.wild.test api.test>x.wild.test wild.test>x.wild.test api.test>evilapi.test localhost>api.test
    api.test>127.0.0.1 api.test>[::1] evilapi.test>api.test sub.api.test>api.test api.test>sub.api.test
nobody's name in TLS | tls h2 | 404 no_segment
    evilapi.test>evilapi.test wild.test>wild.test ->evilapi.test ->wild.test
no name in TLS | tls h2 | 400
    api.test>- api.test>(empty) api.test>user@api.test api.test>api.test,other.test api.test>api.test:99999
    api.test>api..test
    api.test>[::1 api.test>b\xc3\xbccher.test api.test>api.test/x
two lines in TLS | tls | 400 request_malformed host
    api.test>api.test&api.test api.test>api.test&other.test
a Host beside the authority | h2 | to front
    api.test>api.test&api.test
a Host beside the authority that says something else | h2 | 400
    api.test>api.test&other.test api.test>api.test&admin.test api.test>api.test&(empty) api.test>api.test&api.test:444
    api.test>api.test&api.test&api.test api.test>other.test&api.test api.test>(empty)&api.test
only a Host | h2 | to front
    api.test>-&api.test
only a Host | h2 | 421 sni_mismatch
    api.test>-&other.test

one name on the way out | out | to out
    localhost:PORT>localhost:PORT LOCALHOST:PORT>localhost:PORT localhost:PORT>LocalHost:PORT
    127.0.0.1:PORT>127.0.0.1:PORT
another name on the way out | out | 400 request_malformed authority
    localhost:PORT>other.test localhost:PORT>intern.test localhost:PORT>localhost localhost:PORT>localhost:1
    localhost:PORT>127.0.0.1:PORT 127.0.0.1:PORT>localhost:PORT localhost:PORT>other.test:PORT
    localhost>localhost:PORT
    intern.test>localhost:PORT intern.test:PORT>localhost:PORT
no name on the way out | out | 400
    localhost:PORT>- localhost:PORT>(empty) localhost:PORT>localhost:PORT&localhost:PORT
    user@localhost:PORT>localhost:PORT
    localhost:PORT>user@localhost:PORT localhost:PORT@evil.test>localhost:PORT evil.test@localhost:PORT>localhost:PORT
    localhost:99999>localhost:99999 localhost:0>localhost:0 :PORT>:PORT localhost:PORT:80>localhost:PORT
    localhost\\:PORT>localhost:PORT localhost%00:PORT>localhost:PORT local\xc2\xadhost:PORT>localhost:PORT
    \xe2\x93\x9bocalhost:PORT>localhost:PORT [localhost]:PORT>localhost:PORT [::1%25lo]:PORT>[::1]:PORT
neighbours on the way out | out connect | 403 egress_denied
    other.test:PORT>other.test:PORT localhost.evil.test:PORT>localhost.evil.test:PORT xlocalhost:PORT>xlocalhost:PORT
    127.0.0.2:PORT>127.0.0.2:PORT [::1]:PORT>[::1]:PORT [::ffff:127.0.0.1]:PORT>[::ffff:127.0.0.1]:PORT
addresses that some read as the listed one | out connect | 403 egress_denied
    2130706433:PORT>2130706433:PORT 0x7f000001:PORT>0x7f000001:PORT 127.1:PORT>127.1:PORT 0:PORT>0:PORT
    0177.0.0.1:PORT>0177.0.0.1:PORT
what is strict on the way out | out | 407 credential_missing
    intern.test:PORT>intern.test:PORT INTERN.TEST.:PORT>intern.test:PORT xn--bcher-kva.test:PORT>xn--bcher-kva.test:PORT

one name for a tunnel | tunnel | to out
    localhost:PORT>localhost:PORT LOCALHOST:PORT>localhost:PORT localhost:PORT>LOCALHOST:PORT
    127.0.0.1:PORT>127.0.0.1:PORT
another name in a tunnel | tunnel | 400 request_malformed authority
    localhost:PORT>localhost localhost:PORT>localhost:1 localhost:PORT>other.test:PORT localhost:PORT>127.0.0.1:PORT
    127.0.0.1:PORT>localhost:PORT localhost:PORT>intern.test:PORT localhost:PORT>intern.test
no name in a tunnel | tunnel | 400
    localhost:PORT>- localhost:PORT>(empty) localhost:PORT>localhost:PORT&localhost:PORT
    localhost:PORT>user@localhost:PORT
one name in TLS in a tunnel | within within2 | to out
    localhost:PORT>localhost>localhost:PORT LOCALHOST:PORT>localhost>localhost:PORT
    localhost:PORT>LOCALHOST>LOCALHOST:PORT
    localhost:PORT>->localhost:PORT 127.0.0.1:PORT>->127.0.0.1:PORT
another TLS name in a tunnel | within within2 | 421 sni_mismatch
    localhost:PORT>other.test>localhost:PORT localhost:PORT>intern.test>localhost:PORT
    127.0.0.1:PORT>localhost>127.0.0.1:PORT
another name in TLS in a tunnel | within within2 | 400 request_malformed authority
    localhost:PORT>localhost>other.test:PORT localhost:PORT>localhost>intern.test localhost:PORT>localhost>localhost
    localhost:PORT>localhost>localhost:1 localhost:PORT>localhost>127.0.0.1:PORT
    localhost:PORT>intern.test>intern.test:PORT
    localhost:PORT>->intern.test:PORT
what no CONNECT may name | connect | 400
    -:PORT>- localhost>localhost localhost:>localhost: localhost:0>localhost:0 localhost:99999>localhost:99999
    *>localhost:PORT
    user@localhost:PORT>localhost:PORT /x>localhost:PORT localhost:PORT/x>localhost:PORT
    [localhost]:PORT>localhost:PORT
    http://localhost:PORT/>localhost:PORT localhost\x00:PORT>localhost:PORT local\xc2\xadhost:PORT>localhost:PORT
    localhost:PORT>other.test:PORT localhost:PORT>localhost:1 localhost:PORT>localhost:PORT&localhost:PORT
    localhost:PORT>intern.test:PORT localhost:PORT>(empty) localhost:PORT>user@localhost:PORT localhost:PORT>[::1
what is strict for a CONNECT | connect | 407 credential_missing
    intern.test:PORT>intern.test:PORT INTERN.TEST:PORT>intern.test:PORT xn--bcher-kva.test:PORT>xn--bcher-kva.test:PORT
"""


@dataclass(frozen=True, slots=True)
class Names:
    """One combination of names, as they are sent in one place, and what it must come to."""

    about: str
    where: str
    parts: tuple[str, ...]
    expected: str

    def named(self, at: int, port: int) -> list[str]:
        """Return the names of one part, one character a byte; none where it is absent."""
        said = self.parts[at].replace("PORT", str(port)).split("&") if self.parts[at] != "-" else []
        return [_spelled(name) for name in said]


def read_names(text: str) -> list[Names]:
    """Return the rows of a table."""
    rows: list[Names] = []
    about, places, expected = "", "", ""
    for line in text.splitlines():
        if line.startswith(" "):
            words = [tuple(word.split(">")) for word in line.split()]
            rows += [Names(about, where, parts, expected) for where in places.split() for parts in words]
        elif line:
            about, places, expected = line.split(" | ")
    return rows


def _spelled(word: str) -> str:
    """Return the name that a word of the table stands for."""
    if word == "(empty)":
        return ""
    word = re.sub(r"\{([^{}*]+)\*(\d+)\}", lambda found: found[1] * int(found[2]), word)
    return re.sub(r"\\(?:x(..)|\\)", lambda found: chr(int(found[1], 16)) if found[1] else "\\", word)


ROWS = read_names(TEXT)
