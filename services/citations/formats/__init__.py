"""Citation formats, one family a module: how it is found, and which rules it must keep."""
