"""Host patterns: in the one form in which hosts are compared, or refused with that form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.errors import ScalarError
from parclose.policy.hosts import HostPattern, narrow_host, normal_host


@pytest.mark.parametrize(
    ("text", "host", "matches"),
    [
        ("api.example", "api.example", True),
        ("api.example", "x.api.example", False),
        ("*.example", "a.example", True),
        ("*.example", "a.b.example", True),
        ("*.example", "example", False),
        ("*.example", "xexample", False),
        ("*.example", ".example", False),
        ("*", "anything.at.all", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
    ],
)
def test_what_a_pattern_takes(text: str, host: str, matches: bool) -> None:
    """Exact is exact; a suffix takes one or more labels before it, never none."""
    assert HostPattern.parse(text).matches(host) is matches


def test_the_order_of_patterns() -> None:
    """Exact, then the longer suffix, then any."""
    texts = ["*", "*.example", "*.a.example", "b.a.example"]
    assert sorted(texts, key=lambda text: HostPattern.parse(text).rank) == texts[::-1]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("API.Example.com", "write `api.example.com`"),
        ("api.example.com.", "write `api.example.com`"),
        ("bücher.example", "write `xn--bcher-kva.example`"),
        ("https://api.example/v1", "write the host alone: `api.example`"),
        ("api.example:8443", "write the host alone: `api.example`"),
        ("api.*.example", "write `*.example.com`, one `*` before the first dot"),
        ("*.Example", "write `*.example`"),
        ("[::1]", "write `::1`"),
        ("999.1.1.1", "write the host alone: no scheme, port or path"),
        ("-a.example", "write the host alone: no scheme, port or path"),
        ("a..b", "write the host alone: no scheme, port or path"),
        ("", "write the host alone: no scheme, port or path"),
    ],
)
def test_what_is_no_host(text: str, fix: str) -> None:
    """Each slip is shown in normal form where there is one."""
    with pytest.raises(ScalarError) as caught:
        HostPattern.parse(text)
    assert caught.value.fix == fix


LONG = ".".join(["a" * 49] * 5)  # 249 characters


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("a" * 62, True),
        ("a" * 63, True),
        ("a" * 64, False),
        (f"{LONG}.aa", True),
        (f"{LONG}.aaa", True),
        (f"{LONG}.aaaa", False),
        (f"{LONG}.aaa.", True),
        ("a" * 5_000_000, False),
        ("\xe4." * 100_000, False),
    ],
)
def test_as_long_as_a_host_may_be(host: str, good: bool) -> None:
    """A label has 63 characters at most, a name 253; what is longer is refused at once."""
    if good:
        assert normal_host(host) == host.removesuffix(".")
    else:
        with pytest.raises(ValueError, match=r"."):
            normal_host(host)


LABELS = st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4)


@given(LABELS, LABELS)
def test_a_suffix_is_whole_labels(host: list[str], suffix: list[str]) -> None:
    """`*.suffix` takes a name exactly if it has more labels and ends in those of the suffix."""
    pattern = HostPattern.parse(f"*.{'.'.join(suffix)}")
    assert pattern.matches(".".join(host)) == (len(host) > len(suffix) and host[-len(suffix) :] == suffix)


@pytest.mark.parametrize("text", ["*", "*.example", "a.example"])
def test_a_sample_matches_and_the_text_reads_back(text: str) -> None:
    """What a pattern shows as its sample it takes; printed and read again it is the same."""
    pattern = HostPattern.parse(text)
    assert pattern.matches(pattern.sample())
    assert HostPattern.parse(str(pattern)) == pattern


def test_the_normal_form_is_stable() -> None:
    """Normal once is normal for good."""
    assert normal_host(normal_host("BÜCHER.Example.")) == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("*", "*.a", "*.a"),
        ("*.a", "*.b.a", "*.b.a"),
        ("*.a", "*.a", "*.a"),
        ("*.a", "*.ba", None),
        ("*.a", "x.a", "x.a"),
        ("*.a", "a", None),
        ("x.a", "x.a", "x.a"),
        ("x.a", "y.a", None),
        ("*", "*", "*"),
    ],
)
def test_what_two_patterns_have_in_common(one: str, other: str, both: str | None) -> None:
    """Exactly the hosts that both take, whichever comes first."""
    for left, right in ((one, other), (other, one)):
        found = narrow_host(HostPattern.parse(left), HostPattern.parse(right))
        assert (None if found is None else str(found)) == both
