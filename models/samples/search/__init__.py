"""Full-text search over the samples."""
