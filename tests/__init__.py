"""The tests of Parclose; the folders mirror those of the package."""
