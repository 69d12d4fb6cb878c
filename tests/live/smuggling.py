r"""The corpus of requests that two parsers could part in two ways, and of honest ones that look a little like them.

A row is a method and what follows its request line and Host, `|` ends a line; one that begins with `=` is a whole
request. `PATH` is the row's own path, `EVIL` a request that only a proven caller may make: it may never arrive. In the
text of the hostile rows `@` begins what the rows below have in common, each stands for its `{}`; `\r`, `\n`, `\t`,
`\xNN` are bytes, `(empty)` is nothing.
"""

import re
from dataclasses import dataclass

EVIL = "GET /strictPATH HTTP/1.1|Host: api.test||"


@dataclass(frozen=True, slots=True)
class Row:
    """One request, and the body with which it must arrive; None where nothing may."""

    text: str
    body: str | None = None

    def raw(self, path: str) -> bytes:
        """Return the bytes of the row."""
        text = self.text[1:] if self.text.startswith("=") else self._headed()
        return text.replace("EVIL", EVIL).replace("PATH", path).replace("|", "\r\n").encode("latin-1")

    def _headed(self) -> str:
        """Put a request line and Host before the rest."""
        method, _, rest = self.text.partition("|")
        return f"{method} PATH HTTP/1.1|Host: api.test|{rest}"


HONEST_TEXT = r"""
# arrives with the body: (empty)
GET||
HEAD||
DELETE||
OPTIONS||
GET|Content-Length: 0||
POST|Content-Length: 0||
GET|Connection: close||
GET|Connection: keep-alive||
GET|X-A:||
GET|X-A: caf\xc3\xa9||
GET|X_A: 1|x.b: 2||
GET|TE: trailers||
GET|Cookie: a=1|Cookie: b=2||
GET|Accept:\t*/*\t||
GET|Connection: X-A|X-A: 1||
GET|Connection: Content-Length, Host||
=|GET PATH HTTP/1.1|Host: api.test||
GET|X-A: {a*8000}||
GET|{X-A: 1|*90}|
=GET PATH HTTP/1.0|Host: api.test||
GET||EVIL
GET|Content-Length: 0||EVIL
POST|Transfer-Encoding: chunked||0||EVIL
GET|Upgrade-Insecure-Requests: 1||
GET|Upgrade: h2c|HTTP2-Settings: AAMAAABk|Connection: Upgrade||
# arrives with the body: hello
POST|Content-Length: 5||hello
PUT|CONTENT-LENGTH: 5||hello
POST|content-length:5||hello
POST|Content-Length:  5 ||hello
GET|Content-Length: 5||hello
POST|Content-Length: 5||helloEVIL
POST|Expect: 100-continue|Content-Length: 5||hello
POST|Transfer-Encoding: chunked||5|hello|0||
POST|Transfer-Encoding: Chunked||5|hello|0||EVIL
POST|transfer-encoding:chunked||2|he|3|llo|0||
POST|Transfer-Encoding: chunked||005|hello|000||
POST|Transfer-Encoding: chunked||5;a=b|hello|0;c||
POST|Transfer-Encoding: chunked||5;a="b"|hello|0||
POST|Connection: Transfer-Encoding|Transfer-Encoding: chunked||5|hello|0||
POST|Connection: close, Content-Length|Content-Length: 5||hello
# arrives with the body: hellohello
POST|Transfer-Encoding: chunked||A|hellohello|0||
POST|Transfer-Encoding: chunked||a|hellohello|0||
# arrives with the body: 0\r\n\r\n
POST|Content-Length: 5||0||
POST|Content-Length: 5||0||EVIL
# arrives with the body: hello
POST|Transfer-Encoding: chunked||5;a\rb|hello|0||
"""

HOSTILE_TEXT = r"""
# two lengths
@ POST|{}
Content-Length: 5|Transfer-Encoding: chunked||0||EVIL
Transfer-Encoding: chunked|Content-Length: 60||0||EVIL
Content-Length: 5|Content-Length: 5||hello
Content-Length: 5|Content-Length: 60||helloEVIL
Content-Length: 0|content-length: 60||EVIL
Content-Length: 5, 5||hello
Content-Length: 0, 60||EVIL
Content-Length: 5,||hello
Content-Length: ,5||hello
Transfer-Encoding: chunked|Transfer-Encoding: chunked||0||EVIL
Transfer-Encoding: chunked|transfer-encoding: identity||0||EVIL
Content-Length: 60|Transfer-Encoding: identity||EVIL
# lengths that are none
@ POST|Content-Length: {}||EVIL
+5
05
-1
-0
5 5
0x5
5a
a5
5_0
5.0
5e0
"5"
5;
\xd9\xa5
(empty)
{9*40}
1\x000
# encodings that only some know
@ POST|{}||0||EVIL
Transfer-Encoding: xchunked
Transfer-Encoding: chunked, identity
Transfer-Encoding: identity, chunked
Transfer-Encoding: chunked, chunked
Transfer-Encoding: chunked, cow
Transfer-Encoding: cow
Transfer-Encoding: identity
Transfer-Encoding: "chunked"
Transfer-Encoding: chunked;q=1
Transfer-Encoding: 'chunked'
Transfer-Encoding: chunke
Transfer-Encoding: chunked\x00
Transfer-Encoding:
Transfer-Encoding: ,chunked
Transfer-Encoding: chunked,
Transfer-Encoding: chun ked
Transfer-Encoding: chunked\r
Transfer-Encoding: \rchunked
Transfer-Encoding: chunked\x80
Transfer-Encoding : chunked
Transfer-Encoding\t: chunked
Transfer-Encoding\x0b: chunked
Transfer-Encoding
Transfer-Encoding\x00: chunked
Transfer-Encoding\xa0: chunked
\x20Transfer-Encoding: chunked
Transfer-Encoding:|  chunked
X-A: 1|\tTransfer-Encoding: chunked
X-A: 1\rTransfer-Encoding: chunked
Content-Length : 60
Content-Length\t: 60
\x20Content-Length: 60
X-A: 1\rContent-Length: 60
# headers that are none
@ GET|{}||
no colon
: nameless
X A: 1
X-A : 1
X-A\x00: 1
X-A(: 1
X-\xe9: 1
X-A: a\x00b
X-A: a\rb
X-A: 1|  folded
X-A: 1|\tfolded
\x20X-A: 1
X-A: 1\r\rX-B: 2
X-A\r: 1
"X-A": 1
X-A/B: 1
Trailer: X-A
\x00
X-A: \x00
{X}: 1
X@A: 1
X\\A: 1
X-A;: 1
X,A: 1
X=A: 1
Host: api.test
# request lines that are none
@ ={}|Host: api.test||
GET PATH
GET PATH\x20
GET
PATH
GET PATH HTTP/0.9
GET PATH HTTP/1.2
GET PATH HTTP/1.10
GET PATH HTTP/2.0
GET PATH HTTP/2
GET PATH HTTP/3.0
GET PATH HTTP/9.9
GET PATH HTTP/1
GET PATH http/1.1
GET PATH HTTP/1.1.1
GET PATH HTTP/01.1
GET PATH HTTP /1.1
GET PATH HTTP/1.1 x
GET PATH HTTPS/1.1
GET PATH HTTP/1.1\r
GET\x00 PATH HTTP/1.1
\x00GET PATH HTTP/1.1
GET PATH\x00 HTTP/1.1
get PATH HTTP/1.1
GeT PATH HTTP/1.1
G\xc9T PATH HTTP/1.1
GET, PATH HTTP/1.1
"GET" PATH HTTP/1.1
GET/ PATH HTTP/1.1
PRI * HTTP/2.0
CONNECT PATH HTTP/1.1
CONNECT api.test:80 HTTP/1.1
GET PATH HTTP/1.1 HTTP/1.1
{G*40} PATH HTTP/1.1
# chunks that are none
@ POST|Transfer-Encoding: chunked||{}
0x5|hello|0||EVIL
-5|hello|0||EVIL
+5|hello|0||EVIL
g|hello|0||EVIL
|hello|0||EVIL
5_|hello|0||EVIL
5 5|hello|0||EVIL
5,|hello|0||EVIL
5|helloX|0||EVIL
5|hello0||EVIL
3|hello|0||EVIL
5|hello\n0||EVIL
\x005|hello|0||EVIL
\xb5|hello|0||EVIL
0|X-A: 1||EVIL
5|hello|0|X-User: admin||EVIL
0|Content-Length: 60||EVIL
0\x00||EVIL
5.0|hello|0||EVIL
5\r;|hello|0||EVIL
5;\n0|hello|0||EVIL
5;a\nb|hello|0||EVIL
5\n\nhello|0||EVIL
# upgrades that are not spoken
@ GET|{}||EVIL
Connection: Upgrade|Upgrade: foo
Connection: Upgrade|Upgrade: TLS/1.0
Connection: Upgrade|Upgrade: h2c, foo
Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 12|Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==
Connection: Upgrade|Upgrade: websocket
# lines that end in a LF or a CR alone
@ ={}
GET PATH HTTP/1.1\nHost: api.test\n\n
GET PATH HTTP/1.1|Host: api.test\nX-A: 1||
GET PATH HTTP/1.1|Host: api.test|X-A: 1\nContent-Length: 60||EVIL
GET PATH HTTP/1.1|Host: api.test|X-A: 1|\nEVIL
GET PATH HTTP/1.1|Host: api.test\n\nEVIL
GET PATH HTTP/1.1\rHost: api.test||
GET PATH HTTP/1.1|Host: api.test\r||
\r|GET PATH HTTP/1.1|Host: api.test\r||
"""

ENDLESS_TEXT = r"""
@ POST|Transfer-Encoding: chunked||{}|hello|0||EVIL
FFFFFFFFFFFFFFFFF
80000000000000005
"""
"""Sizes that overflow 64 bits: more is awaited, and whatever follows is of that body."""

LATIN = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}
BODY = "# arrives with the body: "


def _spelled(text: str) -> str:
    """Return what a line of a table stands for."""
    text = re.sub(r"\{([^{}*]+)\*(\d+)\}", lambda found: found[1] * int(found[2]), text)
    return re.sub(r"\\(?:x(..)|(.))", lambda found: chr(int(found[1], 16)) if found[1] else LATIN[found[2]], text)


def read_rows(text: str) -> list[Row]:
    """Return the rows of a table."""
    rows: list[Row] = []
    template, body = "{}", None
    for line in text.splitlines():
        if line.startswith(BODY):
            body = _spelled(line.removeprefix(BODY).replace("(empty)", ""))
        elif line.startswith("@ "):
            template = line.removeprefix("@ ")
        elif line and not line.startswith("# "):
            rows.append(Row(_spelled(template.replace("{}", line.replace("(empty)", ""))), body))
    return rows


HONEST = read_rows(HONEST_TEXT)
HOSTILE = read_rows(HOSTILE_TEXT)
ENDLESS = read_rows(ENDLESS_TEXT)
