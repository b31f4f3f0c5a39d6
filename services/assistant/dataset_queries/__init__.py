"""Questions about the data set as a closed set of typed queries: read out of words, answered by arithmetic."""
