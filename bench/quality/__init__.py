"""Benchmarks of citations, duplicates and the report."""
