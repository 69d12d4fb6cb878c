"""Looks at a policy that compiles, and names what will bite: one file a family, one function a finding."""
