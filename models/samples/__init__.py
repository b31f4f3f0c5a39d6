"""The samples: the file, the newer journal, and how they are read together."""
