"""Benchmarks of documents, retrieval and grounding."""
