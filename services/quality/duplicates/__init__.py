"""Near-duplicates: sketches of texts, an index of them, and the veto for different law."""

from dataclasses import dataclass

# Default similarities from which two samples are reported as alike, and one is refused as a duplicate; measured in
# docs/adr/0012-duplicates.md. Defined here, where nothing heavy is imported.
ALIKE = 0.3
DUPLICATE = 0.6


@dataclass(frozen=True, slots=True)
class DuplicateThresholds:
    """Similarities from which a sample is reported as alike and refused as a duplicate; 0 for never."""

    report: float = ALIKE
    refuse: float = DUPLICATE
