"""Parsers of law as data, and what fetches it. All texts here are made up."""
