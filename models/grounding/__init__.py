"""Documents and legislation: what is kept of them, and the index over it."""
