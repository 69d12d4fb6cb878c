"""Tests of the house itself: its floors, its names, its text, its locks and its wheel."""
