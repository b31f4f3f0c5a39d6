"""One module a provider; each ends with its ``SPEC``."""
