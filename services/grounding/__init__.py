"""Grounding: documents and legislation in, provisions retrieved, quotations and claims held against them."""
