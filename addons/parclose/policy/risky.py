"""Text that other readers of YAML take for something else: what `parclose fmt` puts in quotes.

Parclose itself reads every value by the type of its field. An editor, a linter or a script does not: to them `NO` is
false, `1.10` is 1.1, `0600` is 384 and `12:30` is 750. Source: YAML 1.1, types bool, int, float and null; YAML 1.2.2
section 10.3.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"(?i:yes|no|on|off)|True|TRUE|False|FALSE|Null|NULL")
_NUMBERS = re.compile(
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # sexagesimal
    r"|[-+]?0[0-7_]+|[-+]?0[box][0-9a-fA-F_]+|\+[0-9][0-9_]*|[-+]?[0-9]+(?:_[0-9_]*)+|0[0-9]+"
    r"|[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)"
    r"|[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
# Numbers that mean a number where the values of claims are compared with those of tokens.
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,17}")


def is_risky(text: str, *, may_be_number: bool = False) -> bool:
    """Whether another reader may take unquoted text for a truth value, a number or a mapping.

    `may_be_number`: it stands where a plain number means one, as in claims.
    """
    if "::" in text or text.startswith(":"):
        return True
    if _WORDS.fullmatch(text):
        return True
    return bool(_NUMBERS.fullmatch(text)) and not (may_be_number and _JSON_NUMBER.fullmatch(text))


def quoted(text: str) -> str:
    """Return text in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
