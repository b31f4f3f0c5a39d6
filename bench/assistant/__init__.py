"""Measurements of runs and of the assistant."""
