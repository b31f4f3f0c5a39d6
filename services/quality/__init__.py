"""What a sample must be: checks, citations of a data set, reviews."""
