"""Prefixes and countries as a policy writes them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from parclose.policy.errors import ScalarError, nearest

# ISO 3166-1 alpha-2, officially assigned, and XK, which the country databases use for Kosovo.
_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_COUNTRIES.split())
_MEANT = {"UK": "GB", "EL": "GR", "EN": "GB", "JA": "JP", "SF": "FI", "SU": "RU", "TP": "TL", "YU": "RS", "ZR": "CD"}
_MEANT |= {"UKR": "UA", "DEN": "DK", "SWE": "SE", "NOR": "NO", "GER": "DE", "DEU": "DE", "GBR": "GB", "USA": "US"}
_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96, the IPv4 addresses as IPv6 spells them


@dataclass(frozen=True, slots=True)
class Prefix:
    """An address range from a prefix: `version` 4 or 6, first and last address as numbers, both included."""

    version: int
    first: int
    last: int

    def __str__(self) -> str:
        """Return the prefix as a policy writes it."""
        bits = 32 if self.version == 4 else 128
        length = bits - (self.last - self.first + 1).bit_length() + 1
        address = IPv4Address(self.first) if self.version == 4 else IPv6Address(self.first)
        return f"{address}/{length}"


def prefix(text: str) -> Prefix:
    """Return the prefix that `text` says; a bare address is itself alone; IPv4-mapped IPv6 is folded to IPv4."""
    address, slash, length = text.partition("/")
    try:
        if slash and not (length.isascii() and length.isdigit()):
            raise ValueError("no prefix length")
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise ScalarError(f"`{text}` is no prefix", fix=_prefix_fix(text), expected="an address or prefix") from error
    if "%" in text:
        raise ScalarError(f"`{text}` names an interface", fix=f"write `{text.partition('%')[0]}`")
    if ip_address(address) != network.network_address:
        raise ScalarError(
            f"`{text}` has host bits set", id="NET006", fix=f"did you mean `{network}`?", expected=str(network),
            meant=str(network),
        )  # fmt: skip
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == 6 and first >> 32 == 0xFFFF and last >> 32 == 0xFFFF:
        return Prefix(4, first - _MAPPED, last - _MAPPED)
    return Prefix(network.version, first, last)


def _prefix_fix(text: str) -> str:
    if text.startswith("[") and "]" in text:
        return f"write it without brackets: `{text.replace('[', '').replace(']', '')}`"
    if text.count(".") in (1, 2) and text.replace(".", "").partition("/")[0].isdigit():
        return "write all four numbers of an IPv4 address"
    return "write a prefix such as `10.1.0.0/16` or `2001:db8::/32`"


def country(text: str) -> str:
    """Return the country that `text` says, an ISO 3166-1 alpha-2 code in capitals."""
    if text in COUNTRIES:
        return text
    upper = text.upper()
    meant = upper if upper in COUNTRIES else _MEANT.get(upper, "")
    if not meant and len(text) == 3:
        meant = nearest(upper, COUNTRIES)
    fix = f"did you mean `{meant}`?" if meant else "write an ISO 3166 code of two letters, such as `DE`"
    raise ScalarError(
        f"`{text}` is no ISO 3166 country code", id="GEO003", fix=fix, expected="two capital letters", meant=meant
    )
