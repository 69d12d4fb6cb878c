"""Measurements: what `scripts/bench` runs and prints."""
