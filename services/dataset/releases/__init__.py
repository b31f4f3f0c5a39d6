"""Releases: frozen parts of the data set that stay the same under their name."""
