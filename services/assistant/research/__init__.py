"""What the researcher and the writer find and prove."""
