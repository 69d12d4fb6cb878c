"""What every part of the policy as written shares: unknown keys are refused, positions are kept, scalars are typed.

Unknown keys and keys of later versions are reported to the source that is handed in as context; everything else that
is wrong becomes an error of the decoder, which `schema.py` maps back to its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from parclose.policy import scalars
from parclose.policy.errors import ScalarError, nearest, unmistakable
from parclose.policy.nodes import Entries, Items, Mark, Node, Text, place_of
from parclose.policy.source import Source

SHORT = "="  # the key under which a short form (`public` for a whole route) is kept; nobody can write it


def noun(node: object) -> str:
    """Return what a node is, for a sentence."""
    if node is None:
        return "null"
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Entries):
        return "a mapping"
    return f"`{node}`" if node else "nothing"


# By identity, so it can be hashed: Python 3.12 puts the parts of a union into a set.
@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A scalar's type: how its text is read, and how editors are told."""

    parse: Callable[[Text], object]
    shown: tuple[tuple[str, Any], ...] = (("type", "string"),)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the decoder: raw text in, value out."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return what editors are told."""
        return dict(self.shown)

    def _read(self, value: object) -> object:
        if not isinstance(value, Text):
            raise refuse(ScalarError(f"expected a single value, found {noun(value)}", fix="write one value"))
        try:
            return self.parse(value)
        except ScalarError as error:
            raise refuse(error) from error


def refuse(error: ScalarError) -> PydanticCustomError:
    """Return a decoder's error that carries a finding."""
    context = {"id": error.id, "text": error.message, "fix": error.fix, "expected": error.expected}
    context["meant"] = error.meant
    return PydanticCustomError("finding", "{text}", context)


def one_of(*known: str, later: tuple[str, ...] = ()) -> Leaf:
    """Return the type of a word from a closed list; words of `later` are refused as not supported yet."""

    def parse(text: Text) -> str:
        if text in later:
            raise ScalarError(
                f"`{text}` is not supported yet", id="TYP005", fix=f"write {' or '.join(f'`{word}`' for word in known)}"
            )
        return scalars.choice(text, known)

    # Editors read `1` as a number, before they compare.
    numbers = [int(word) for word in known if word.isdigit()]
    return Leaf(parse, (("enum", [*known, *numbers]),))


def number(least: int, most: int) -> Leaf:
    """Return the type of a whole number from `least` to `most`."""
    shown = (("type", "integer"), ("minimum", least), ("maximum", most))
    return Leaf(lambda text: scalars.integer(text, least=least, most=most), shown)


def _filled(text: Text) -> Text:
    if not text:
        raise ScalarError("found nothing where text is needed", fix="write the value, or remove the key")
    return text


def _https(text: Text) -> Text:
    if not text.startswith(("https://", "http://")) or " " in text:
        raise ScalarError(f"`{text}` is no URL", fix="write `https://` and the rest")
    return text


def _named(text: Text) -> Text:
    scalars.name(text)
    return text


def _scope(text: Text) -> Text:
    scalars.scope_name(text)
    return text


_PATTERN = {"duration": r"^[0-9]+(ms|s|m|h|d)$", "rate": r"^[0-9]+/[0-9]*(s|min|h)$", "size": r"^[0-9]+([KMG]i)?B$"}


def _pattern(kind: str) -> tuple[tuple[str, Any], ...]:
    return (("type", "string"), ("pattern", _PATTERN[kind]))


Str = Annotated[Text, Leaf(_filled)]
Free = Annotated[Text, Leaf(lambda text: text)]
Name = Annotated[Text, Leaf(_named, (("type", "string"), ("pattern", "^[a-z][a-z0-9-]*$")))]
Scope = Annotated[Text, Leaf(_scope)]
Url = Annotated[Text, Leaf(_https)]
Bool = Annotated[bool, Leaf(scalars.boolean, (("type", "boolean"),))]
Count = Annotated[int, number(1, 10**9)]
Duration = Annotated[float, Leaf(scalars.duration, _pattern("duration"))]
DurationOrOff = Annotated[
    float | None, Leaf(lambda text: None if text == "off" else scalars.duration(text), (("type", "string"),))
]
RateText = Annotated[scalars.Rate, Leaf(scalars.rate, _pattern("rate"))]
Size = Annotated[int, Leaf(scalars.size, _pattern("size"))]
Share = Annotated[float, Leaf(scalars.share, (("type", "string"), ("pattern", r"^[0-9.]+%$")))]
Instant = Annotated[float, Leaf(scalars.instant)]
Country = Annotated[str, Leaf(scalars.country, (("type", "string"), ("pattern", "^[A-Z]{2}$")))]
Cidr = Annotated[scalars.Prefix, Leaf(scalars.prefix)]
Host = Annotated[scalars.HostPattern, Leaf(scalars.HostPattern.parse)]
Path = Annotated[scalars.PathPattern, Leaf(scalars.PathPattern.parse)]
Methods = Annotated[scalars.MethodSet, Leaf(scalars.MethodSet.parse)]


class Written(BaseModel):
    """A mapping of the policy as written. `later` are keys of later versions, `list_fix` what to write for a list.

    A class with a field aliased to `SHORT` also takes the short form, if that is of the kind in `short`.
    """

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        arbitrary_types_allowed=True,
        json_schema_extra={"additionalProperties": False, "patternProperties": {"^x-": {}}},
    )
    later: ClassVar[tuple[str, ...]] = ()
    short: ClassVar[type[Text] | type[Items] | None] = None
    short_schema: ClassVar[dict[str, Any]] = {"type": "string"}
    list_fix: ClassVar[str] = ""

    _node: Entries

    @model_validator(mode="wrap")
    @classmethod
    def _keep_place(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        node = cls._shape(data)
        if SHORT not in node:
            cls.look_at_keys(node, cast("Source", info.context))
        made = handler(node)
        made._node = node
        return made

    @classmethod
    def _shape(cls, data: Node) -> Entries:
        if isinstance(data, Entries):
            if SHORT in data:
                raise refuse(ScalarError("`=` is no key", fix="remove it"))
            return data
        if cls.short is not None and isinstance(data, cls.short) and data != "":
            return wrapped(data)
        fix = cls.list_fix if isinstance(data, Items) else ""
        raise refuse(ScalarError(f"expected a mapping, found {noun(data)}", fix=fix or "write `key: value` lines"))

    @classmethod
    def look_at_keys(cls, node: Entries, source: Source) -> None:
        """Report the keys of a mapping that nobody knows."""
        known = cls.keys()
        for key in node:
            if key in known or key.startswith("x-"):
                continue
            if key in cls.later:
                source.report("TYP005", key.mark, f"`{key}` is not supported yet", width=len(key), fix="remove it")
                continue
            close = nearest(key, (*known, *cls.later))
            listed = ", ".join(f"`{name}`" for name in sorted(known))
            fix = f"did you mean `{close}`?" if close else f"known keys are {listed}"
            meant = unmistakable(key, known)
            source.report(
                "TYP001", key.mark, f"unknown key `{key}`", found=str(key), expected=listed, fix=fix, width=len(key),
                meant="" if meant in node else meant,
            )  # fmt: skip

    @classmethod
    def keys(cls) -> frozenset[str]:
        """Return the keys that can be written."""
        names = (field.alias or name for name, field in cls.model_fields.items())
        return frozenset(name for name in names if name != SHORT)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return what editors are told; a short form stands beside the mapping."""
        made = handler(schema)
        resolved = handler.resolve_ref_schema(made)
        brief = resolved.get("properties", {}).pop(SHORT, None)
        if brief is None:
            return made
        # The short form goes into the definition itself, so that every reference to it offers both.
        long = dict(resolved)
        resolved.clear()
        resolved["anyOf"] = [cls.short_schema if cls.short is Text else brief, long]
        return made

    @property
    def mark(self) -> Mark:
        """The place of the mapping, or of the short form in its stead."""
        return self._node.mark

    @property
    def node(self) -> Entries:
        """The mapping as it was read."""
        return self._node

    def has(self, key: str) -> bool:
        """Whether `key` is written, be it null."""
        return key in self._node

    def at(self, key: str) -> Mark:
        """Return the place of the key."""
        return self._node.key_mark(key)

    def value_at(self, key: str) -> Mark:
        """Return the place of the value of `key`."""
        return place_of(self._node.get(Text(key)), self.at(key))

    def item_at(self, key: str, index: int) -> Mark:
        """Return the place of one value of the list under `key`."""
        node = self._node.get(Text(key))
        if isinstance(node, Items) and index < len(node):
            return place_of(node[index], node.mark)
        return self.value_at(key)


def wrapped(data: Text | Items) -> Entries:
    """Return a short form as the mapping that stands for it."""
    key, node = Text(SHORT), Entries()
    key.mark = node.mark = data.mark
    key.plain = True
    node[key] = data
    return node


def where(mark: Mark) -> str:
    """Return a place as verdicts quote it, `file:line`."""
    return f"{mark.file}:{mark.line}"
