"""Samples about one provision of the documents that are here."""
