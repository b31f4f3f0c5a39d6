"""The text under which a chunk is found: what stands above it, then its own."""

from services.grounding.retrieval.legs import ChunkRecord

# Of what stands above a chunk so many characters are read: long paths would push out its own words.
MOST_ABOVE = 300


def passage_of(chunk: ChunkRecord) -> str:
    """Return the text of a chunk for the index of words and for the embedder: name, path, heading, text."""
    above = ". ".join(part for part in (chunk.title, *chunk.path, chunk.heading) if part)
    return f"{above[:MOST_ABOVE]}. {chunk.text}" if above else chunk.text
