"""The report on a data set or a batch."""
