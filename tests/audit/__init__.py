"""Tests of `parclose.audit`."""
