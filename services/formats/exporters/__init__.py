"""Export formats: one module each, with a `SPEC`."""
