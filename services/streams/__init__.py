"""Streams: changes on their way to who listens, and runs, whose events outlive the connection."""
