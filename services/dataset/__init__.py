"""The data set: read, change, import, publish."""
