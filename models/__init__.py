"""Stores and schemas: the only place that knows SQL and Parquet."""
