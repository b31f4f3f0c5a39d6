"""Citation formats, one family per module: patterns that find them, and rules they must meet."""
