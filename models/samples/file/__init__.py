"""Parquet files: ours, and those of others."""
