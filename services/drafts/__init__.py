"""Judging samples: named checks, each a pure function with a reason of its own."""
