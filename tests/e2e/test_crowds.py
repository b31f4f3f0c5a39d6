"""The running server under a crowd of readers: whoever changed something sees it in the next answer, as if alone."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import requests

from tests.e2e.server import BUSY_S, RunningServer
from tests.fakes import sample

READERS = 12
PATHS = ("stats", "samples/filter?limit=50", "sample/kept")


@contextmanager
def crowd(server: RunningServer, faults: list[str]) -> Iterator[None]:
    """Ask the same questions without a pause, as the test itself does, with connections that are kept."""
    stop = threading.Event()

    def read(path: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not stop.is_set():
                answer = session.get(f"{server.url}/{path}", timeout=BUSY_S)
                if answer.status_code != 200:
                    faults.append(answer.text)
                answer.json()

    readers = [threading.Thread(target=read, args=(PATHS[n % len(PATHS)],)) for n in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_each_kind_of_change_is_in_the_next_answer_beside_a_crowd(tmp_path: Path) -> None:
    faults: list[str] = []
    with RunningServer(tmp_path) as server:
        server.post("add", **sample(id="kept", topic="One"))

        def seen() -> tuple[int, dict[str, str]]:
            total = server.get("stats")["total"]
            page = server.get("samples/filter?limit=50")
            assert page["total"] == total
            return total, {row["id"]: row["topic"] for row in page["samples"]}

        def imported() -> Any:
            rows = b"\n".join(json.dumps(sample(id=f"i{n}", topic="Two")).encode() for n in range(3))
            return server.session.post(f"{server.url}/import", data=rows, timeout=BUSY_S).json()

        def edited(**change: str) -> Any:
            return server.session.put(f"{server.url}/sample/kept", json=change, timeout=BUSY_S).json()

        def dropped() -> None:
            frame = pl.DataFrame([{**sample(id=f"d{n}", topic="File")} for n in range(2)])
            frame.write_parquet(tmp_path / "new.parquet")
            (tmp_path / "new.parquet").replace(tmp_path / "train.parquet")

        def bulk() -> Any:
            return server.post("samples/bulk", filter={"topic": "Two"}, set={"topic": "Three"})

        with crowd(server, faults):
            for n in range(10):
                server.post("add", **sample(id=f"a{n}", topic="One"))
                assert seen()[1][f"a{n}"] == "One"
            for n in range(10):
                edited(topic=f"T{n}")
                assert seen()[1]["kept"] == f"T{n}"
                assert server.get("sample/kept")["sample"]["topic"] == f"T{n}"
            server.session.delete(f"{server.url}/sample/a0", timeout=BUSY_S)
            assert (seen()[0], "a0" in seen()[1]) == (10, False)
            imported()
            assert seen()[1]["i1"] == "Two"
            undo = bulk()["undo"]
            assert seen()[1]["i1"] == "Three"
            server.post("samples/bulk/undo", undo=undo)
            assert seen()[1]["i1"] == "Two"
            server.post("dataset/fold")
            assert seen()[0] == 13
            dropped()
            total, rows = seen()
            assert (total, rows["d1"]) == (2, "File")

    assert [fault for fault in faults if "not found" not in fault] == []  # the file that came has no such sample
