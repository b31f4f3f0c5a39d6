"""Measurements of the HTTP side."""
