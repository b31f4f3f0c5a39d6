"""Whether training on the data set helps a small model: on held-out questions, before and after, with its uncertainty.

    .venv/bin/python -m bench.trainers.value PYTHON MODEL.gguf TRAIN.jsonl TEST.jsonl [--seeds 2] [--epochs 1]

PYTHON is of an environment with torch, transformers and gguf; TRAIN and TEST are two splits of one export as `messages`
(same data version, so that near-duplicates do not lie in both). The model learns the answers alone. Told are the loss
of the reference answers (per token) and its perplexity, the F1 of words of what the model writes against the reference,
and the verdicts of the service's citation check on what it writes. Intervals: paired bootstrap over questions, 95 %.
"""

import argparse
import json
import math
import random
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, TypedDict

from config import PROJECT_DIR
from models.contract.answers.quality import VerdictCounts
from services.citations.checker import CitationChecker, counts_of
from services.citations.tables import load_reference

_HERE = Path(__file__).parent
_DRAWS = 10_000


class Compared(TypedDict):
    """A figure of both models, and the trained one's less the base's with its interval of 95 %."""

    base: float
    trained: float
    difference: float
    interval: tuple[float, float]


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = {
            "model": str(options.model.resolve()), "train": str(options.train.resolve()),
            "test": str(options.test.resolve()), "out": str(folder / "out.jsonl"), "seeds": list(range(options.seeds)),
            "epochs": options.epochs, "rate": options.rate, "tokens": options.tokens, "written": options.written,
        }  # fmt: skip
        (folder / "job.json").write_text(json.dumps(job))
        subprocess.run([options.python, _HERE / "checks" / "value_model.py", folder / "job.json"], check=True)
        told = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    references = [json.loads(line)["messages"][-1]["content"] for line in options.test.read_text().splitlines()]
    print(json.dumps(figures(told, references), indent=1))


def figures(told: Sequence[dict[str, Any]], references: Sequence[str]) -> dict[str, object]:
    """Return the figures of both models, and the difference of the trained one from the base with its interval."""
    losses: dict[bool, dict[int, list[float]]] = {False: defaultdict(list), True: defaultdict(list)}
    written: dict[bool, dict[int, str]] = {False: {}, True: {}}
    for line in told:
        is_trained, row = line["seed"] is not None, int(line["row"])
        losses[is_trained][row].append(float(line["loss"]))
        if "text" in line:
            written[is_trained][row] = str(line["text"])
    rows = range(len(references))
    loss = {kind: [fmean(found[row]) for row in rows] for kind, found in losses.items()}
    shared = {kind: [f1(texts[row], references[row]) for row in rows] for kind, texts in written.items()}
    return {
        "questions": len(references),
        "loss": _compared(loss),
        "perplexity": {"base": math.exp(fmean(loss[False])), "trained": math.exp(fmean(loss[True]))},
        "f1": _compared(shared),
        "citations": {"base": verdicts(written[False].values()), "trained": verdicts(written[True].values())},
    }


def f1(text: str, reference: str) -> float:
    """Return how far the words of two texts agree, each counted as often as it stands there (SQuAD's F1)."""
    found, wanted = (Counter(re.findall(r"\w+", one.casefold())) for one in (text, reference))
    both = (found & wanted).total()
    return 2 * both / (found.total() + wanted.total()) if both else 0.0


def verdicts(texts: Iterable[str]) -> VerdictCounts:
    """Count what the citation check says of each authority that *texts* cite."""
    checker = CitationChecker(load_reference(PROJECT_DIR / "catalog" / "authorities"))
    return counts_of([found for text in texts for found in checker.check(text)])


def interval(differences: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return where the mean of *differences* lies with 95 %: bootstrap, whose draws are the same each time."""
    draw = random.Random(seed)  # nothing is secret
    means = sorted(fmean(draw.choices(differences, k=len(differences))) for _ in range(_DRAWS))
    return means[int(_DRAWS * 0.025)], means[int(_DRAWS * 0.975) - 1]


def _compared(found: dict[bool, list[float]]) -> Compared:
    differences = [after - before for before, after in zip(found[False], found[True], strict=True)]
    return {
        "base": fmean(found[False]),
        "trained": fmean(found[True]),
        "difference": fmean(differences),
        "interval": interval(differences),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("python", "model", "train", "test"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seeds", type=int, default=2, help="runs of the training, each in another order")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--tokens", type=int, default=384, help="most of a conversation that are learnt and measured")
    parser.add_argument("--written", type=int, default=96, help="most tokens that the model writes for a question")
    return parser.parse_args()


if __name__ == "__main__":
    main()
