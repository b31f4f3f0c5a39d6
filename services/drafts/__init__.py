"""Drafts: reading them out of models' answers, and reading texts for the checks."""
