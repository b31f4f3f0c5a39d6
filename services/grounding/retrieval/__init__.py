"""Finds the provisions that a question is about: by citation, by words, by meaning."""
