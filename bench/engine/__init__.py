"""Benchmarks of the batch engine."""
