"""Tests of `parclose.stores`."""
