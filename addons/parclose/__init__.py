"""Parclose parts API traffic into segments and holds each segment to its own rules."""

__version__ = "0.1.0"
