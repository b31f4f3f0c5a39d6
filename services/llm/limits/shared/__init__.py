"""Limits that processes keep together, through Redis (docs/adr/0039-shared-limits.md)."""
