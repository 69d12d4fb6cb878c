"""Tests of the runner of a policy's own tests."""
