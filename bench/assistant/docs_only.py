"""How well docs_only refuses and cites, through the real service.

`.venv/bin/python -m bench.assistant.docs_only DOCS QUESTIONS [--embedder auto|small|off] [--verbose]`. DOCS is a folder
of texts, QUESTIONS a file of JSON Lines {query, kind: on or off, file, number or numbers}. No model is set up, so the
answers are quotations: what is measured is retrieval, floor and citation. No question names its documents by id.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.e2e.server import RunningServer


def uploaded(server: RunningServer, docs: Path) -> dict[str, str]:
    """Take the documents in; return their ids by name, once their vectors are there."""
    files = {}
    for path in sorted(docs.glob("*.txt")):
        address = f"{server.url}/files/upload?wait=1&licence=own&name={path.name}"
        files[path.name] = server.session.post(address, data=path.read_bytes(), timeout=600).json()["file_id"]
    while server.post("retrieve", query="x")["notes"].get("vectors", "").find("have vectors") > 0:
        pass
    return files


def asked(server: RunningServer, row: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
    """Ask one question; return what came of it."""
    told = server.post("query", query=row["query"], answer_mode="docs_only", use_memory=False)
    wanted = {str(number) for number in row.get("numbers", [row.get("number")])}
    cited = [
        row["kind"] == "on" and one["file_id"] == files[row["file"]] and one["citation"].rpartition(" ")[2] in wanted
        for one in told["citations"]
    ]
    score = (told["grounding"] or {}).get("best_score") or 0.0
    return {"refused": told["refused"], "right": any(cited), "first": bool(cited and cited[0]), "score": score}


def told(row: dict[str, Any], found: dict[str, Any]) -> None:
    """Print what went wrong with a question."""
    if row["kind"] == "off" and not found["refused"]:
        print(f"answered at {found['score']:.2f} ({row.get('group', '')}): {row['query']}")
    if row["kind"] == "on" and not found["right"]:
        print(f"{'refused' if found['refused'] else 'missed'} at {found['score']:.2f}: {row['query']}")


def measure(docs: Path, questions: Path, settings: dict[str, object], verbose: bool) -> None:
    rows = [json.loads(line) for line in questions.read_text().splitlines() if line.strip()]
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, RunningServer(Path(folder), **settings) as server:
        files = uploaded(server, docs)
        for row in rows:
            found = asked(server, row, files)
            counts[row["kind"]] += 1
            for name in ("refused", "right", "first"):
                counts[f"{row['kind']} {name}"] += found[name]
            if verbose:
                told(row, found)
    print(
        f"off topic refused {counts['off refused']} of {counts['off']}; on topic answered "
        f"{counts['on'] - counts['on refused']} of {counts['on']}, the right provision cited {counts['on right']}, "
        f"first {counts['on first']}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("docs", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    models = Path("~/.cache/legal-training-platform").expanduser()
    measure(given.docs, given.questions, {"embedder": given.embedder, "model_dir": models}, given.verbose)
