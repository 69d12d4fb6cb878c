"""Sets of requests as a guardrail or a question names them: `METHODS URL-pattern`, `write https://api.example/v1/**`."""

from __future__ import annotations

from dataclasses import dataclass

from parclose.policy.errors import ScalarError
from parclose.policy.hosts import HostPattern
from parclose.policy.methods import MethodSet
from parclose.policy.paths import PathPattern

_SCHEMES = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class RequestPattern:
    """A set of requests by method, host and path; the scheme of the URL says nothing, for no segment asks for one.

    `methods` None is every method, extension methods included: what `any` says where something must never happen.
    """

    text: str
    methods: MethodSet | None
    host: HostPattern
    path: PathPattern

    @classmethod
    def parse(cls, text: str) -> RequestPattern:
        """Return the set that `text` says.

        Raises:
            ScalarError: it is no such text.
        """
        words, _, url = text.strip().partition(" ")
        url = url.strip()
        scheme = next((each for each in _SCHEMES if url.startswith(each)), "")
        if not scheme:
            raise ScalarError(
                f"`{text}` is no set of requests", fix="write methods, a blank and a URL: `any https://example.com/**`",
                expected="`METHODS https://host/path`",
            )  # fmt: skip
        methods = MethodSet.parse(words)
        host, slash, path = url.removeprefix(scheme).partition("/")
        if not slash:
            raise ScalarError(f"`{text}` has no path", fix=f"write `{words} {url}/**`", expected="a path or `/**`")
        return cls(
            text=text.strip(),
            methods=None if methods.is_any else methods,
            host=HostPattern.parse(host),
            path=PathPattern.parse(f"/{path}"),
        )

    def has(self, method: str) -> bool:
        """Whether the set holds requests of a method."""
        return self.methods is None or method in self.methods

    def __str__(self) -> str:
        """Return the set as it was written."""
        return self.text
