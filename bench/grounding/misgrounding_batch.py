"""A grounded batch against a simulated model that gets the law wrong in a fifth of its answers, in all ways.

Usage: python bench/grounding/misgrounding_batch.py TEXT… [--count 100]
Each TEXT is a document of law (XML, PDF, text); every fifth answer has a planted fault (`tests/vendors/lawyer.py`).
Counts, of the answers themselves: faulty ones that were refused or marked, sound ones that were refused. An answer to a
prompt whose provisions hold no rule ("nothing") says nothing of them, and has to be refused.
"""

import argparse
import json
import re
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import catalog, finish
from bench.grounding.whole import until_embedded
from tests.e2e.server import RunningServer
from tests.vendors.lawyer import FAULTS, write_grounded
from tests.vendors.simulator import SimulatedVendor

_LOT = re.compile(r"How does the law decide the matter of lot \d+\?")
_REFUSED = "Your last draft was refused"


class Model:
    """The simulated model: remembers what it planted into which answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self.planted: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.told: list[str] = []
        self.refused: set[str] = set()

    def __call__(self, prompt: str, _number: int) -> str:
        """Answer a prompt."""
        if "The reasoning has" not in prompt:
            return "OK, that is understood."
        _, was_refused, told = prompt.partition(_REFUSED)
        with self._lock:
            self._number += 1
            number = self._number
            if was_refused:
                reason = told.partition("Write the sample again")[0].strip()
                self.told.append(reason)
                self.refused.update(_LOT.findall(reason))
        kinds = sorted(FAULTS)
        # Redrafts are sound: what is counted is each answer, not each sample.
        wrong = number % 5 == 0 and not was_refused
        fields, planted = write_grounded(prompt, number, kinds[number // 5 % len(kinds)] if wrong else "")
        fields["question"] = f"How does the law decide the matter of lot {number}?"
        with self._lock:
            self.planted[fields["question"]] = planted
            self.answers[fields["question"]] = fields["answer"]
        return json.dumps(fields)


def main() -> None:
    """Run the batch and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    model = Model()
    with SimulatedVendor("openai") as vendor, tempfile.TemporaryDirectory() as name:
        vendor.content = model
        folder = Path(name)
        settings = {"openai_base_url": vendor.url, "openai_api_key": "sk-test-0123456789", "max_tries": 3}
        values = {"catalog_dir": catalog(folder), "log_level": "WARNING", "duplicate_refuse": 0, **settings}
        with RunningServer(folder, **values) as server:
            for text in given.texts:
                told = {
                    "name": text.name,
                    "jurisdiction": "uk",
                    "licence": "public-domain",
                    "wait": "true",
                    "title": text.stem,
                }
                sent = requests.post(f"{server.url}/files/upload", data=text.read_bytes(), params=told, timeout=600)
                answer = sent.json()
                print(text.name, answer["status"], answer["file"]["units"], "units")
            until_embedded(server)
            wanted = {
                "count": given.count,
                "provider": "openai",
                "jurisdiction": "uk",
                "use_rag": True,
                "max_minutes": given.minutes,
            }
            batch = finish(server, server.post("generate/batch/start", **wanted)["batch_id"])
            report = server.get(f"batches/{batch['batch_id']}/report")["report"]
            samples = server.get("data")
    if given.verbose:
        print(*sorted(error["error"][:300] for error in batch["errors"]), *model.told, sep="\n")
    stored = {row["question"]: row for row in samples}
    outcome: Counter[tuple[str, str]] = Counter()
    for question, planted in model.planted.items():
        row = stored.get(question)
        state = str(row["grounding"]) if row is not None else "refused"
        if row is None and not planted and question not in model.refused:
            state = "under way"  # at the end of the batch; a sound answer that is refused is asked for again
        if row is not None and "grounding " in (row["quality_issues"] or ""):
            state = "marked"
        outcome[planted or "sound", state] += 1
        if given.verbose and (state in ("refused", "marked")) == (not planted):
            print(planted or "sound", state, row and row["quality_issues"], model.answers[question][:900], sep="\n")
    for (kind, state), count in sorted(outcome.items()):
        print(f"{kind:20} {state:10} {count}")
    print("refusals:", json.dumps(report.get("rejections"), default=str)[:2000])
    planted_kinds = {kind for kind, _ in outcome} - {"sound", "nothing"}
    faulty = sum(count for (kind, _), count in outcome.items() if kind in planted_kinds)
    caught = sum(n for (kind, state), n in outcome.items() if kind in planted_kinds and state in ("refused", "marked"))
    sound = sum(count for (kind, _), count in outcome.items() if kind == "sound")
    lost = outcome["sound", "refused"]
    figures = {
        "faulty": faulty,
        "caught": round(caught / (faulty or 1), 4),
        "sound": sound,
        "sound_refused": lost,
        "sound_marked": outcome["sound", "marked"],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
