"""Samples as immutable Parquet shards in a folder or in object storage; their list is rows of the database."""
