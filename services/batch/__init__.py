"""Planning and running batches of samples."""
