"""What may be asked for: topics, sample types, providers, models."""
