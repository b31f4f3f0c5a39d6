"""Measures the check of citations: verdicts on labelled rows, CPU time of a sample, growth with the text.

Usage: python bench/quality/citations.py [labelled.jsonl]
A labelled row is {"text": …, "status": "real" | "fabricated"}.
"""

import json
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config import PROJECT_DIR
from services.citations.checker import CitationChecker, verdict_of
from services.citations.tables import load_reference

_FILLER = (
    "The court considered whether the duty arose on the facts and concluded that the claimant had relied on the "
    "statement in circumstances where reliance was reasonable. "
)
_CITED = {
    "uk": "In Donoghue v Stevenson [1932] AC 562 and Caparo Industries plc v Dickman [1990] 2 AC 605, and under the "
    "Law of Property Act 1925, s 53, it was so held. ",
    "us": "In Marbury v. Madison, 5 U.S. 137 (1803), and under 42 U.S.C. § 1983 and Fed. R. Civ. P. 12(b)(6), it was "
    "so held. ",
    "eu": "In Case C-6/64 Costa v ENEL EU:C:1964:66, and under Article 34 TFEU and Regulation (EU) 2016/679, it was so "
    "held. ",
    "international": "In Corfu Channel (United Kingdom v Albania) [1949] ICJ Rep 4, and under Article 31 of the Vienna "
    "Convention on the Law of Treaties, it was so held. ",
}
_HARD = (
    "1234567890[]()", "[2001] ", "(1999) 1 ", "1 ", "Case C-1/99 ", "A ", "Act 1999 ", "1 U.S. 1 ", "Article 3 of the ",
    "§ ", "12 F.3d 34, ", "v. ", "Code § ", "A.A.", "In Re ",
)  # fmt: skip
_SAMPLE_CHARS, _HARD_CHARS, _SAMPLES = 2_000, 1_000_000, 100


def score(checker: CitationChecker, path: Path) -> None:
    """Print how the labelled rows of *path* are judged."""
    table: Counter[tuple[str, str]] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        table[row["status"], str(verdict_of(checker.check(row["text"])) or "none")] += 1
    for (status, verdict), count in sorted(table.items()):
        print(f"{status:10} {verdict:10} {count}")


def speed(checker: CitationChecker) -> None:
    """Print the CPU milliseconds of samples of 2,000 characters, each with other citations and other words."""
    draw = random.Random(1)
    for name, cited in _CITED.items():
        figures = []
        for _ in range(_SAMPLES):
            words = (_FILLER * 20).split()
            draw.shuffle(words)
            text = (" ".join(words)[: _SAMPLE_CHARS - 3 * len(cited)] + ". ") + cited * 3
            started = time.process_time()
            checker.check(text)
            figures.append(1000 * (time.process_time() - started))
        print(f"{name:13} median {statistics.median(figures):.2f} ms, worst {max(figures):.2f} ms of CPU")


def growth(checker: CitationChecker) -> None:
    """Print the CPU seconds of a megabyte of what is hard to read."""
    for piece in _HARD:
        text = piece * (_HARD_CHARS // len(piece))
        started = time.process_time()
        found = len(checker.check(text))
        print(f"1 MB of {piece!r:20} {time.process_time() - started:.2f} s, {found} citations")


if __name__ == "__main__":
    made = CitationChecker(load_reference(PROJECT_DIR / "catalog" / "authorities"))
    made.check("warm up: " + "".join(_CITED.values()))
    for argument in sys.argv[1:]:
        score(made, Path(argument))
    speed(made)
    growth(made)
