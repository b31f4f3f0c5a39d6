"""How a model is named in samples: servers that were started with a file call it by the file's path."""

import re

_PATH = re.compile(r"^(?:[/~]|\.{1,2}[/\\]|[A-Za-z]:[/\\]|\\\\|file:)")
_FILE = re.compile(r"\.(?:gguf|ggml|bin|safetensors|pth?|onnx|mlx)$", re.IGNORECASE)
# A folder of the Hub's cache: its last part is a commit.
_CACHED = re.compile(r"models--([^/\\]+?)--([^/\\]+)")


def shown_model(name: str) -> str:
    """Return *name* without the folders of a path; an id with its owner ("openai/gpt-oss-20b") stays as it is."""
    cached = _CACHED.search(name)
    if cached is not None and not _FILE.search(name):
        return f"{cached[1]}/{cached[2]}"
    if not _PATH.match(name) and not _FILE.search(name):
        return name
    parts = [part for part in re.split(r"[/\\]", name) if part]
    return parts[-1] if parts else name
