"""What asks the upstream to take a request for one of another method: three headers, and `_method` in the query.

Frameworks obey them for clients that can only GET and POST. The headers never leave (`forwarding.REWRITES`); the route
stage refuses where the method asked for would take another route. A form's body may ask too: it is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from parclose.hooks.wire import METHOD, Fields, elements

HEADERS = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
KEY = "_method"
_FOLDED = str.maketrans(dict.fromkeys(" .[", "_"))  # as PHP reads the names of its variables
OTHER = "OTHER"  # what is no method reaches what methods reach that nobody names; its text is not for the audit
TWICE = "request_malformed:method_override"


def override_of(fields: Fields, pairs: Iterable[tuple[str, str]]) -> tuple[str, list[str]]:
    """Return the one method asked for in upper case, "" where there is none, and the fault of asking for several."""
    values = [value for name, values in fields.items() if b"method" in name and _is_header(name) for value in values]
    asked = [element.upper() for element in elements(values)]
    asked += [value.strip().upper() for key, value in pairs if "method" in key and key.translate(_FOLDED) == KEY]
    one = {method if METHOD.fullmatch(method.encode("latin-1", "replace")) else OTHER for method in asked if method}
    return ("", [TWICE]) if len(one) > 1 else (next(iter(one), ""), [])


def _is_header(name: bytes) -> bool:
    """Tell whether a header, in lower case, is one that is obeyed, in whatever spelling a server may read it."""
    return name.decode("latin-1").replace("_", "-").replace(".", "-") in HEADERS
