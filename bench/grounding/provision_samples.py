"""Samples about one provision by the embedded model, for reading one by one.

    .venv/bin/python bench/grounding/provision_samples.py TEXTS OUT [--model ID] [--provisions 10] [--each 3] [--seed 1]

TEXTS is a folder of law as `texts.py` reads it. Of its instruments some provisions are drawn, each is uploaded as a
document of its own to a service with the real model, and samples are made of each. OUT gets them as samples.jsonl and,
each beside its provision, as samples.md. The last line is JSON: samples made, rules quoted word for word, seconds.
"""

import argparse
import io
import json
import os
import random
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.texts import Text, read_texts
from config import load_settings
from console.client import Client, RequestRefusedError
from console.temporary_server import client_for
from services.generation.provision.norms import norms

_QUOTED = re.compile(r'^RULE: [^\n]*? provides: "(?P<rule>[^\n]+)"', re.MULTILINE)
_LONGEST = 3_500


class _Body(io.BytesIO):
    def __len__(self) -> int:
        return len(self.getvalue())


def main() -> None:
    """Make the samples."""
    parser = argparse.ArgumentParser()
    parser.add_argument("texts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="")
    parser.add_argument("--provisions", type=int, default=10)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    chosen = _chosen(read_texts(wanted.texts), wanted.provisions, wanted.seed)
    with tempfile.TemporaryDirectory() as folder:
        if wanted.model:
            os.environ["LOCAL_MODEL"] = wanted.model  # the service that is started reads it
        settings = load_settings(data_dir=folder, port=_free_port())
        with client_for(settings, None, wanted.out / "server.log") as client:
            made: list[dict[str, object]] = []
            for row in _samples(client, chosen, wanted.each):
                made.append(row)
                _write(made, wanted.out)
    rows = [row for row in made if "answer" in row]
    seconds = sum(float(str(row["seconds"])) for row in made)
    verbatim = sum(bool(row["verbatim"]) for row in rows)
    print(json.dumps({"asked": len(made), "samples": len(rows), "verbatim": verbatim, "seconds": round(seconds, 1)}))


def _chosen(texts: list[Text], count: int, seed: int) -> list[Text]:
    """Return provisions that hold a rule which can be quoted, of as many files as there are."""
    usable = [text for text in texts if len(text.text) <= _LONGEST and norms(text.text)]
    draw = random.Random(seed)
    draw.shuffle(usable)
    by_file: dict[str, list[Text]] = {}
    for text in usable:
        by_file.setdefault(text.file, []).append(text)
    turns = [rows[place] for place in range(count) for rows in by_file.values() if place < len(rows)]
    return turns[:count]


def _samples(client: Client, chosen: list[Text], each: int) -> Iterator[dict[str, object]]:
    for text in chosen:
        title, where = text.instrument.title or text.instrument.identifier, text.instrument.jurisdiction
        kind = "Section" if where in {"us", "uk"} else "Article"
        number = text.number.removeprefix("Article ").removeprefix("s. ")
        body = f"{title}\n\n{kind} {number}. {text.heading}\n{text.text}\n"
        about = {"title": title, "jurisdiction": where, "name": "provision.txt", "wait": "1"}
        uploaded = client.upload("files/upload", _Body(body.encode()), **about)
        for _ in range(each):
            wish = {
                "provider": "local",
                "practice_area": title,
                "topic": text.heading or number,
                "difficulty": "basic",
                "jurisdiction": where,
                "sample_type": "provision",
                "file_ids": [uploaded["file_id"]],
            }
            begun = time.perf_counter()
            row: dict[str, object] = {"provision": text.id, "text": text.text}
            try:
                row |= client.post("generate", wish)["sample"]
                quoted = _QUOTED.search(str(row["answer"]))
                row["verbatim"] = quoted is not None and quoted["rule"] in " ".join(text.text.split())
            except RequestRefusedError as error:
                row["error"] = str(error)
            row["seconds"] = round(time.perf_counter() - begun, 1)
            yield row


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write(made: list[dict[str, object]], out: Path) -> None:
    with (out / "samples.jsonl").open("w") as lines, (out / "samples.md").open("w") as pages:
        for number, row in enumerate(made, 1):
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            shown = row.get("error") or f"{row['question']}\n\n{row['answer']}\n\n{row['reasoning']}"
            pages.write(
                f"# {number}. {row['provision']}\n\n> {row['text']}\n\n{shown}\n\n"
                f"(verbatim {row.get('verbatim')}, grounding {row.get('grounding')}, {row['seconds']} s)\n\n"
            )


if __name__ == "__main__":
    main()
