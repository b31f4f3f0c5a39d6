"""Batches in the database: work items, events, use, and the ledger that ties them."""
