"""Finding citations in legal text."""
