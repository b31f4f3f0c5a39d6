"""Which provider and model answers."""
