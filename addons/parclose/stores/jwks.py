"""Key sets: each key looked at once, when the policy is loaded, and its key object built then.

A key that is not for checking signatures (another use, an encryption key, a type or an algorithm that the issuer does
not use) is passed over, as RFC 7517 section 5 asks: real key sets hold such. A key that is for it and is weak, broken,
private or ambiguous refuses the policy.

A token's `kid` must name exactly one key. A token without `kid` is taken only where the set holds a single usable key:
`kid` is a hint (RFC 7515 section 4.1.4), and with one key there is nothing to choose; among several nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jose import jwk
from jose.backends.base import Key
from jose.exceptions import JOSEError

from parclose.policy.identity import Issuer
from parclose.stores import base64url

# RFC 7518 section 3.3 asks for 2048; beyond 8192 a check costs more than a millisecond for anybody who asks.
RSA_BITS = range(2048, 8192 + 1)
# 2**32 is far above 65537; a larger exponent only costs time.
MAX_RSA_EXPONENT_BITS = 32
# A set that is larger is no key set; the largest public ones hold about ten.
MAX_KEYS = 100

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Mapping[tuple[str, str], tuple[frozenset[str], int]] = {
    ("EC", "P-256"): (frozenset({"ES256"}), 32),
    ("EC", "P-384"): (frozenset({"ES384"}), 48),
    ("EC", "P-521"): (frozenset({"ES512"}), 66),
    ("OKP", "Ed25519"): (frozenset({"EdDSA"}), 32),
}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySetError(ValueError):
    """A key set cannot be used: the policy author's fault. `where` is `file:line` of the issuer."""

    def __init__(self, issuer: Issuer, message: str) -> None:
        super().__init__(f"issuer `{issuer.name}`: {message}")
        self.where = issuer.where


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The keys of one issuer: by key id, then by algorithm. `single` is set where there is only one key."""

    by_kid: Mapping[str, Mapping[str, Key]]
    single: Mapping[str, Key] | None = None


def build(issuer: Issuer) -> KeySet:
    """Look at each key of an issuer and build what checks signatures.

    Raises:
        KeySetError: a key is weak, broken, private or ambiguous, or none is usable.
    """
    if len(issuer.keys) > MAX_KEYS:
        raise KeySetError(issuer, f"{len(issuer.keys)} keys in the set; keep {MAX_KEYS} or fewer")
    usable = [(member, algorithms) for member in issuer.keys if (algorithms := _algorithms(issuer, member))]
    if not usable:
        wanted = ", ".join(sorted(issuer.algorithms))
        raise KeySetError(
            issuer, f"no key in the set can check a signature by {wanted}; add one, or name its algorithm"
        )
    built: dict[str, Mapping[str, Key]] = {}
    single: Mapping[str, Key] | None = None
    for member, algorithms in usable:
        kid = member.get("kid")
        if kid is not None and not (isinstance(kid, str) and kid):
            raise KeySetError(issuer, "a key's `kid` is not text; write it in quotes")
        if kid is None and len(usable) > 1:
            raise KeySetError(issuer, "a key among several has no `kid`; give each its own")
        if kid is not None and kid in built:
            raise KeySetError(issuer, f"two keys are called `{kid}`; give each its own `kid`")
        keys = _construct(issuer, member, algorithms)
        if kid is not None:
            built[kid] = keys
        single = keys
    return KeySet(by_kid=built, single=single if len(usable) == 1 else None)


def gather(issuer: Issuer, members: Sequence[Mapping[str, object]]) -> tuple[KeySet, tuple[str, ...]]:
    """Build what is sound of a set that somebody else publishes, and say of each other key why it is passed over.

    One bad key of a provider must not take its good ones away. A published secret does: nothing such a set signs proves
    anything. Two keys of one `kid` are both passed over, since which is meant is not for us to guess.

    Raises:
        KeySetError: the set is too large, holds a secret, or nothing in it is usable.
    """
    if len(members) > MAX_KEYS:
        raise KeySetError(issuer, f"{len(members)} keys in the set; {MAX_KEYS} are the most")
    for member in members:
        _no_secret(issuer, member)
    usable: list[tuple[object, Mapping[str, Key]]] = []
    passed: list[str] = []
    for member in members:
        try:
            if algorithms := _algorithms(issuer, member):
                usable.append((member.get("kid"), _construct(issuer, member, algorithms)))
        except KeySetError as wrong:
            passed.append(str(wrong))
    names = [kid for kid, _ in usable]
    built: dict[str, Mapping[str, Key]] = {}
    for kid, keys in usable:
        called = ascii(kid)[:60]
        if isinstance(kid, str) and kid and names.count(kid) == 1:
            built[kid] = keys
        elif kid is not None or len(usable) > 1:
            passed.append(f"issuer `{issuer.name}`: key {called} is not named apart from the others")
    alone = len(usable) == 1 and (names[0] is None or names[0] in built)
    if not built and not alone:
        raise KeySetError(issuer, "no key in the set is usable")
    return KeySet(by_kid=built, single=usable[0][1] if alone else None), tuple(passed)


def _no_secret(issuer: Issuer, member: Mapping[str, object]) -> None:
    """Refuse a set that holds what only its owner may know.

    Raises:
        KeySetError: it does.
    """
    if member.get("kty") == "oct":
        raise KeySetError(issuer, "the set holds a shared secret (`kty: oct`); only public keys belong there")
    if PRIVATE & member.keys():
        raise KeySetError(issuer, "the set holds a private key; keep the public members only")


def _algorithms(issuer: Issuer, member: Mapping[str, object]) -> frozenset[str]:
    """Return the algorithms this key may check for this issuer: none for a key that is for something else."""
    _no_secret(issuer, member)
    if member.get("use", "sig") != "sig":
        return frozenset()
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, (list, tuple)) or "verify" not in operations:
        return frozenset()
    kty, crv = member.get("kty"), member.get("crv")
    fit = _RSA if kty == "RSA" else _CURVES.get((str(kty), str(crv)), (frozenset[str](), 0))[0]
    if "alg" not in member or not fit:
        return fit & issuer.algorithms
    named = str(member["alg"])
    if named in issuer.algorithms and named not in fit:
        kind = " ".join(str(member[name]) for name in ("kty", "crv") if name in member)
        raise KeySetError(issuer, f"key {_called(member)} says `alg: {named}`, which a key of {kind} cannot do")
    return fit & issuer.algorithms & {named}


def _construct(issuer: Issuer, member: Mapping[str, object], algorithms: frozenset[str]) -> Mapping[str, Key]:
    """Build one key object for each algorithm, after its numbers were found sound."""
    if member.get("kty") == "RSA":
        exponent = int.from_bytes(_octets(issuer, member, "e"), "big")
        bits = int.from_bytes(_octets(issuer, member, "n"), "big").bit_length()
        if bits not in RSA_BITS:
            raise KeySetError(
                issuer, f"key {_called(member)} has {bits} bits; use {RSA_BITS.start} to {RSA_BITS.stop - 1}"
            )
        if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > MAX_RSA_EXPONENT_BITS:
            raise KeySetError(issuer, f"key {_called(member)} has the exponent {exponent}; use 65537")
    else:
        size = _CURVES[str(member["kty"]), str(member["crv"])][1]
        for name in ("x", "y") if member["kty"] == "EC" else ("x",):
            if len(_octets(issuer, member, name)) != size:
                raise KeySetError(issuer, f"key {_called(member)}: `{name}` is not {size} bytes long")
    try:
        return {algorithm: jwk.construct(dict(member), algorithm) for algorithm in sorted(algorithms)}
    except (JOSEError, ValueError) as wrong:
        raise KeySetError(issuer, f"key {_called(member)} is no valid public key") from wrong


def _octets(issuer: Issuer, member: Mapping[str, object], name: str) -> bytes:
    """Return the bytes of a member."""
    text = member.get(name)
    raw = base64url.decode(text) if isinstance(text, str) and text.isascii() else None
    if not raw:
        raise KeySetError(issuer, f"key {_called(member)}: `{name}` is missing or no base64url")
    return raw


def _called(member: Mapping[str, object]) -> str:
    """Name a key for people; its text may be anything, so it is cut and escaped."""
    return f"`{ascii(member.get('kid', 'without kid'))[1:-1][:60]}`"
