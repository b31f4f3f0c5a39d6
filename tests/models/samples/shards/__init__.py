"""Tests of samples in shards."""
