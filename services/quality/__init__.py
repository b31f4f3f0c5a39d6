"""The quality of samples: checks, duplicates, citations of a data set, reviews, reports."""
