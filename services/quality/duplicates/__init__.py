"""Near-duplicates: sketches of texts, an index of them, and the veto for different law."""

# Default similarities from which two samples are reported as alike, and one is refused as a duplicate; measured in
# docs/adr/0012-duplicates.md. Defined here, where nothing heavy is imported.
ALIKE = 0.3
DUPLICATE = 0.6
