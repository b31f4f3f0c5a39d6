"""Parquet files: the service's own, and those of other programs."""
