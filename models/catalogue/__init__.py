"""What users add to the catalogue: providers, models, authorities."""
