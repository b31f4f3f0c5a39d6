"""Calling language models: routing, limits, adapters and the embedded model."""
