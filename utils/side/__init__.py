"""Processes beside the service: they do heavy work, so that it does not hold the interpreter of the service."""
