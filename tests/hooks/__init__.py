"""Tests of `parclose.hooks`."""
