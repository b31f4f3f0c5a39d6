"""File formats: reading samples from imported files, and writing exports."""
