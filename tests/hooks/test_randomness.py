"""What would be believed if these failed: that ids from a pool are as good as ids from the kernel."""

import uuid

import pytest

from parclose.hooks.randomness import POOL_BYTES, Pool


class Source:
    """Stands for the kernel: numbers its bytes, so that each can be told."""

    def __init__(self) -> None:
        self.calls = 0

    def draw(self, count: int) -> bytes:
        """Return bytes that no other call returned in the same place."""
        self.calls += 1
        return bytes([self.calls]) * count


@pytest.mark.parametrize(("takes", "calls"), [(0, 0), (1, 1), (256, 1), (257, 2), (512, 2), (513, 3)])
def test_the_kernel_is_asked_once_a_page(takes: int, calls: int) -> None:
    """Sixteen bytes fit 256 times into a page: one more asks again."""
    source = Source()
    pool = Pool(source.draw)
    for _ in range(takes):
        assert len(pool.take(16)) == 16
    assert source.calls == calls
    assert POOL_BYTES == 256 * 16


def test_no_byte_is_handed_out_twice() -> None:
    """What a page holds comes out in order, each byte once; a rest that is too short is dropped."""
    pages = iter([bytes(index % 256 for index in range(POOL_BYTES)), b"\xff" * POOL_BYTES])
    pool = Pool(lambda count: next(pages))
    taken = b"".join(pool.take(10) for _ in range(POOL_BYTES // 10))
    assert taken == bytes(index % 256 for index in range(len(taken)))
    assert pool.take(10) == b"\xff" * 10


def test_a_uuid_is_one_by_the_book() -> None:
    """Version 4, variant of RFC 9562, in the usual spelling, and no two alike."""
    made = {Pool().uuid4() for _ in range(100)}
    assert len(made) == 100
    for text in made:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant, str(parsed)) == (4, uuid.RFC_4122, text)


def test_the_rest_of_a_uuid_is_the_random_bytes() -> None:
    """Only the six bits that the RFC fixes are not from the source."""
    bits = [int(uuid.UUID(Pool(fill.__mul__).uuid4())) for fill in (b"\x00", b"\xff")]
    assert (bits[0] ^ bits[1]).bit_count() == 122
