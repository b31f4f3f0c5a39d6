"""Stores and schemas: the only package that uses SQL and Parquet."""
