"""Tests of `parclose.audit.sinks`."""
