"""The model on this machine that needs no key."""
