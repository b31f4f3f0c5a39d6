"""Benchmarks of the data set at up to a million samples."""
