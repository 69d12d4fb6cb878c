"""Live tests: a real mitmdump between a raw client and a recording origin, on loopback."""
