"""Near-duplicates: sketches of texts, an index of them, and the veto of the law."""
