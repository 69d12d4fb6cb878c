"""What would be believed if these failed: that a tunnel's grant ends with its connection."""

from parclose.hooks.tunnels import Tunnel, Tunnels


def test_a_tunnel_lives_as_long_as_its_connection() -> None:
    """What was opened is found for that client alone, and forgotten when closed."""
    tunnels = Tunnels()
    tunnel = Tunnel(host="api.example.org", port=443)
    tunnels.open("a", tunnel)
    assert (tunnels.of("a"), tunnels.of("b")) == (tunnel, None)
    tunnels.close("a")
    tunnels.close("a")
    assert tunnels.of("a") is None
