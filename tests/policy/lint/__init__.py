"""Tests of the looks at a policy, one table a family."""
