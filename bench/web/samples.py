"""Measures the CPU that the server spends on the pages of a large data set, in this process.

Usage: python bench/web/samples.py [SAMPLES] [FOLDER]

A data set of so many samples (100,000) is made in FOLDER, or in one that is removed at the end. Each page is asked for
by a client of the app, uncompressed and compressed as browsers ask; the median of the CPU is printed.
"""

import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from api_server import create_app
from bench.store.corpus import Corpus
from bootstrap import build
from config import Settings

_TIMES = 9
_PAGES = {
    "newest": "/ui/samples?size=100",
    "page 500": "/ui/samples?size=100&page=500",
    "one topic": "/ui/samples?size=100&topic=Area+3+-+Topic+3",
    "four filters": "/ui/samples?size=100&difficulty=basic&jurisdiction=uk&model=m1&review=waiting",
    "longest answers": "/ui/samples?size=100&sort=longest",
    "longest, last page": "/ui/samples?size=100&sort=longest&page={last}",
    "a rare word": "/ui/samples?size=100&q=Party777",
    "a frequent word": "/ui/samples?size=100&q=party",
    "part, newest": "part:/ui/samples?size=100",
    "part, four filters": "part:/ui/samples?size=100&difficulty=basic&jurisdiction=uk&model=m1&review=waiting",
    "review": "/ui/review",
    "a sample": "/ui/sample?id={id}",
}


def measure(folder: Path, count: int) -> None:
    """Print what each page costs."""
    if not (folder / "train.parquet").exists():
        Corpus().write(folder, count)
    settings = Settings(_env_file=None, data_dir=folder, model_dir=folder / "models", log_level="ERROR")
    with closing(build(settings)) as platform:
        platform.start()
        while platform.search.update(lambda: False):
            pass
        client = create_app(platform=platform).test_client()
        name = platform.dataset.draw(1, {}, seed=1)[0]["id"]
        for what, address in _PAGES.items():
            path = address.removeprefix("part:").format(last=count // 100, id=name)
            headers = {"Accept-Encoding": "gzip"} | ({"HX-Request": "true"} if address.startswith("part:") else {})
            spent, size = [], 0
            for _ in range(_TIMES + 1):
                at = time.process_time()
                answer = client.get(path, headers=headers)
                spent.append((time.process_time() - at) * 1000)
                size = len(answer.data)
                assert answer.status_code == 200, (what, answer.status_code)
            first, rest = spent[0], spent[1:]
            print(f"{what:20} {statistics.median(rest):7.1f} ms  first {first:7.1f} ms  {size / 1000:6.1f} kB")


def main() -> int:
    """Measure a data set that is there, or one of its own."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder, count)
        return 0
    with tempfile.TemporaryDirectory() as made:
        measure(Path(made), count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
