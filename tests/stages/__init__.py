"""Tests of the stages: each judges alone, by tables."""
