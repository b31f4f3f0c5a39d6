"""Limits of calls to each vendor, and the gate where calls wait for them."""
