"""What an operation of an OpenAPI document asks of its caller, as the value of a route.

Alternatives of the document are joined by "or", what stands in one of them by "and". A route says one of `all` and
`any`, so that some documents can only be taken more strictly than they are written; what was done is said.
Source: OpenAPI 3.1.1, section 4.8.30 (security requirement).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parclose.policy.errors import ScalarError
from parclose.policy.nodes import Entries, Items, Node
from parclose.policy.scalars import scope_name

PUBLIC, AUTHENTICATED = "public", "authenticated"
WORDS = (PUBLIC, "open", AUTHENTICATED, "none")  # scopes of these names cannot be written as a route's short form

# Why a route is stricter than its document.
UNDECLARED = "no `security` in the document, so any proven caller is asked for; write `security: []` where none is"
WITHOUT_SCOPES = (
    "the document also lets in what carries no scopes; here the scope is asked of keys and certificates, too"
)
ALL_OF_THEM = "the document takes one of several sets of scopes; a route cannot say so, and asks for all of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`kind` is `public`, `authenticated`, `all` or `any`; `why` is "" or why it is stricter than the document."""

    kind: str
    scopes: tuple[str, ...] = ()
    why: str = ""


def asked(security: Node, schemes: Iterable[str], *, declared: bool) -> Asked:
    """Return what the list of requirements asks that holds for one operation.

    `declared` is False where neither the operation nor the document says anything: OpenAPI means anybody may call,
    but a document that forgot is more common than one that means it.

    Raises:
        ScalarError: it is no list of requirements, or names a scheme or scope that cannot be.
    """
    if not declared:
        return Asked(kind=AUTHENTICATED, why=UNDECLARED)
    if not isinstance(security, Items):
        raise ScalarError("`security` is no list", fix="write `security: [{scheme: [scope]}]`")
    known = frozenset(schemes)
    choices = [_scopes(each, known) for each in security]
    if not choices or any(not isinstance(each, Entries) or not each for each in security):
        return Asked(kind=PUBLIC)
    return _joined([choice for choice in choices if choice], bare=not all(choices))


def _joined(choices: list[tuple[str, ...]], *, bare: bool) -> Asked:
    """Return what covers every choice; `bare`: there is one more, without scopes."""
    if not choices:
        return Asked(kind=AUTHENTICATED)
    why = WITHOUT_SCOPES if bare else ""
    sets = list(dict.fromkeys(frozenset(choice) for choice in choices))
    # A choice that holds another one adds nothing: whoever has it has the other, too.
    least = [one for one in sets if not any(other < one for other in sets)]
    names = tuple(dict.fromkeys(name for choice in choices if frozenset(choice) in least for name in choice))
    if len(least) == 1:
        return Asked(kind="all", scopes=names, why=why)
    if all(len(one) == 1 for one in least):
        return Asked(kind="any", scopes=names, why=why)
    return Asked(kind="all", scopes=names, why=ALL_OF_THEM)


def _scopes(requirement: Node, known: frozenset[str]) -> tuple[str, ...]:
    """Return the scopes of one requirement; names that other schemes than OAuth's carry are taken as scopes, too."""
    if not isinstance(requirement, Entries):
        raise ScalarError("a security requirement is no mapping", fix="write `{scheme: [scope]}`")
    found: list[str] = []
    for scheme, names in requirement.items():
        if scheme not in known:
            raise ScalarError(
                f"security scheme `{scheme}` is not defined", fix="define it under `components.securitySchemes`"
            )
        if not isinstance(names, Items):
            raise ScalarError(f"security scheme `{scheme}` has no list of scopes", fix=f"write `{{{scheme}: []}}`")
        found.extend(scope_name(str(name)) for name in names)
    return tuple(dict.fromkeys(found))
