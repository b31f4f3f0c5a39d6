"""Size limits of input from the API, an import, a batch or a file.

Sizes are in bytes of UTF-8 and far above what a trainer takes (a context of 128,000 tokens is
half a megabyte); they bound memory and time, whatever a file holds.
"""

# One value: some 200,000 words. Its citations are checked in about a second.
CELL_BYTES = 1 << 20
# One sample, with all columns.
ROW_BYTES = 4 << 20
# A sample as JSON: a character beyond ASCII may take twice its bytes there.
RECORD_BYTES = 2 * ROW_BYTES
# Commas and opening brackets of such a text: a value takes up to 250 bytes in memory, however short it is written.
RECORD_SIGNS = 300_000
# Columns of one import: each column slows every read.
FILE_COLUMNS = 300
# Columns of the data set, ours and others'.
ALL_COLUMNS = 1_000
# Levels of lists and objects in one value.
DEEPEST = 50
# What one commit of an import may write: 0.1 s of the writer's time.
COMMIT_BYTES = 4 << 20
# Frames of samples in memory: what is read, written and passed on at a time.
PIECE_BYTES = 4 << 20
# Samples of an answer that is not streamed.
ANSWER_BYTES = 64 << 20


def told(size_bytes: float) -> str:
    """Return a size for people: "12 kB", "3.5 MB"."""
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def oversize(name: str, size_bytes: int) -> str:
    """Return what is wrong with a value of this size, or ""."""
    if size_bytes <= CELL_BYTES:
        return ""
    return f"{name[:40]}: holds {told(size_bytes)}, want at most {told(CELL_BYTES)} (1 MiB) in one value"
