"""Legislation and judgments as data: parsers of their formats, and what fetches them from the official services."""
