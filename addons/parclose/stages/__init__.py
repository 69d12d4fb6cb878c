"""The stages of a decision, one file each: pure functions and generators over a walk."""
