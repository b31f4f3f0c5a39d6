"""The samples: the file, the journal that is newer, and how they are read together."""
