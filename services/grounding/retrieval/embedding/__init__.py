"""Turns text into vectors: models that run here, and servers that speak OpenAI's wire."""
