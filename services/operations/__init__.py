"""What administrators do: providers, models, health."""
