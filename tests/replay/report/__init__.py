"""Tests of the reports of a replay."""
