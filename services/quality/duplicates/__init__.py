"""Near-duplicates: sketches of texts, an index of them, and the veto of the law."""

# Similarities from which two samples are told as alike and one is refused as a duplicate, unless the settings say
# otherwise; how they were found stands in docs/adr/0012-duplicates.md. Kept here, where nothing heavy is imported.
ALIKE = 0.3
DUPLICATE = 0.6
