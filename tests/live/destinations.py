"""Where a forward proxy may be asked to go: each spelling with what it comes to, as a reader would say it.

`names` is a resolver's view: what a name answers the first, the second and every later time.
"""

from __future__ import annotations

PUBLIC, OTHER, PUBLIC_6 = "93.184.216.34", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

names: dict[str, list[list[str]]] = {
    "site.example": [[PUBLIC]],
    "both.example": [[PUBLIC, PUBLIC_6]],
    "many.example": [[PUBLIC, OTHER]],
    "six.example": [[PUBLIC_6]],
    "under_score.example": [[PUBLIC]],
    "xn--bcher-kva.example": [[PUBLIC]],
    "metadata.google.internal": [["169.254.169.254"]],
    "instance-data": [["169.254.169.254"]],
    "localtest.example": [["127.0.0.1"]],
    "loop6.example": [["::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "lan.example": [["192.168.1.1"]],
    "mixed.example": [[PUBLIC, "10.0.0.1"]],
    "mixed-late.example": [[PUBLIC, OTHER, PUBLIC_6, "fd00::1"]],
    "any.example": [["0.0.0.0"]],
    "cloud.example": [["168.63.129.16"]],
    "cloud6.example": [["fd00:ec2::254"]],
    "nat64.example": [["64:ff9b::a9fe:a9fe"]],
    "sixtofour.example": [["2002:7f00:1::"]],
    "link6.example": [["fe80::1%1"]],
    "nobody.example": [[]],
    # Says something else each time: a name that is bound anew between the look and the connection.
    "rebound.example": [[PUBLIC], ["127.0.0.1"]],
    "rebound-6.example": [[PUBLIC], ["::1"]],
    "rebound-metadata.example": [[PUBLIC], ["169.254.169.254"]],
}

good: list[tuple[str, str]] = [
    # what is asked for, the address that is connected to
    ("site.example", PUBLIC),
    ("SITE.example", PUBLIC),
    ("site.example.", PUBLIC),
    ("both.example", PUBLIC),
    ("many.example", PUBLIC),
    ("six.example", PUBLIC_6),
    ("under_score.example", PUBLIC),
    ("xn--bcher-kva.example", PUBLIC),
    ("XN--BCHER-KVA.example", PUBLIC),
    (PUBLIC, PUBLIC),
    (OTHER, OTHER),
    ("1.1.1.1", "1.1.1.1"),
    ("9.9.9.9", "9.9.9.9"),
    ("11.0.0.1", "11.0.0.1"),
    ("126.255.255.255", "126.255.255.255"),
    ("128.0.0.1", "128.0.0.1"),
    ("169.253.255.255", "169.253.255.255"),
    ("169.255.0.1", "169.255.0.1"),
    ("172.15.255.255", "172.15.255.255"),
    ("172.32.0.1", "172.32.0.1"),
    ("192.167.255.255", "192.167.255.255"),
    ("192.169.0.1", "192.169.0.1"),
    ("100.63.255.255", "100.63.255.255"),
    ("100.128.0.1", "100.128.0.1"),
    ("198.17.255.255", "198.17.255.255"),
    ("198.20.0.1", "198.20.0.1"),
    ("223.255.255.1", "223.255.255.1"),
    ("168.63.129.17", "168.63.129.17"),
    (f"[{PUBLIC_6}]", PUBLIC_6),
    (f"[{PUBLIC_6.upper()}]", PUBLIC_6),
    ("[2606:4700:4700:0:0:0:0:1111]", "2606:4700:4700::1111"),
    ("[2a00:1450:4001:81b::200e]", "2a00:1450:4001:81b::200e"),
    (f"[::ffff:{PUBLIC}]", PUBLIC),
]

bad: list[str] = [
    # loopback, as resolvers and C libraries read it
    "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.255.255.254",
    "2130706433", "0x7f000001", "0X7F000001", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "0177.1",
    "127.0x0.0.01", "0", "0.0.0.0", "00000000", "0x0", "localtest.example", "any.example",
    # loopback in IPv6, and IPv4 inside it
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::]", "[::1%lo]", "[::1%251]", "loop6.example", "mapped.example",
    # private, carrier, benchmark, documentation, multicast, reserved
    "10.0.0.1", "10.1", "0xa000001", "167772161", "172.16.0.1", "172.31.255.254", "192.168.0.1", "0300.0250.0.1",
    "3232235521", "100.64.0.1", "198.18.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "[fc00::1]", "[fd12:3456::1]", "[fe80::1]", "[fe80::1%eth0]", "[fec0::1]",
    "[ff02::1]", "[2001:db8::1]", "lan.example", "mixed.example", "mixed-late.example",
    # where clouds say who a machine is
    "169.254.169.254", "169.254.43518", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe",
    "169.254.170.2", "168.63.129.16", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "metadata.google.internal", "instance-data", "cloud.example", "cloud6.example", "nat64.example",
    "sixtofour.example", "link6.example",
    # what is no address, or names nobody
    "nobody.example", "256.1.1.1", "1.2.3.4.5", "0x100000000", "4294967296", "08.0.0.1", "127.0.0.1%00.example",
    "[127.0.0.1]", "[::1", "::1", "user@127.0.0.1", "127.0.0.1\\@site.example", "site.example#@127.0.0.1", "",
]  # fmt: skip

digits = ["①②⑦.⓪.⓪.①", "127。0。0。1", "localhoſt", "ｌocalhost", "１２７.0.0.1"]  # noqa: RUF001
"""Letters and digits that fold to plain ones; sent as UTF-8."""
