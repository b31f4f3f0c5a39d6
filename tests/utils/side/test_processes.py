"""Processes beside the service: started when needed, ended when idle or with their parent, dying without harm."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import PROJECT_DIR
from tests.patience import until
from tests.utils.side.jobs import Break, Count, Die, Hold, Pieces, Refuse, Tools, WhereAmI
from utils.errors import ImportRefusedError, SideError
from utils.side.processes import SideProcesses

FOREVER = 3600.0


@pytest.fixture
def side() -> Iterator[SideProcesses[Tools]]:
    processes = SideProcesses(Tools, idle_s=FOREVER)
    yield processes
    processes.close()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_no_process_runs_until_the_first_task_and_the_next_one_uses_the_same(side: SideProcesses[Tools]) -> None:
    before = side.pids

    first, second = side.run(WhereAmI()), side.run(WhereAmI())

    assert before == []
    assert first == second
    assert side.pids == [first[0]]
    assert first[0] != os.getpid()
    assert first[1] == min(os.nice(0) + 10, 19)


def test_results_come_one_by_one_and_no_further_than_somebody_wants(side: SideProcesses[Tools], tmp_path: Path) -> None:
    endless = side.stream(Count(10**9, tmp_path / "at"))

    seen = [next(endless), next(endless)]
    endless.close()  # type: ignore[attr-defined]  # it is a generator

    assert seen == [0, 1]
    assert list(side.stream(Count(3))) == [0, 1, 2]
    assert int((tmp_path / "at").read_text()) < 10**6


def test_bytes_arrive_as_they_are_among_other_results(side: SideProcesses[Tools]) -> None:
    assert list(side.stream(Pieces())) == [b"", b"x" * 3_000_000, "between", b"end"]


def test_a_foreseen_error_arrives_with_all_that_it_carries(side: SideProcesses[Tools]) -> None:
    with pytest.raises(ImportRefusedError, match="Line 1: is empty") as caught:
        side.run(Refuse())

    assert caught.value.problems == [{"place": "Line 1", "error": "is empty"}]
    assert caught.value.count == 7


def test_an_unforeseen_error_is_told_and_the_process_goes_on(side: SideProcesses[Tools]) -> None:
    before = side.run(WhereAmI())

    with pytest.raises(RuntimeError, match="KeyError: 'missing'"):
        side.run(Break())

    assert side.run(WhereAmI()) == before


def test_a_process_that_dies_is_an_error_for_its_task_and_another_takes_the_next(side: SideProcesses[Tools]) -> None:
    before, _ = side.run(WhereAmI())

    with pytest.raises(SideError, match="was ended; nothing was changed, ask again"):
        side.run(Die())

    assert side.run(WhereAmI())[0] != before


def test_a_process_that_is_killed_in_the_middle_of_a_stream_is_an_error(side: SideProcesses[Tools]) -> None:
    endless = side.stream(Count(10**9))
    next(endless)

    os.kill(side.pids[0], signal.SIGKILL)

    with pytest.raises(SideError):
        list(endless)


def test_a_second_process_is_started_when_the_first_is_busy_and_no_third(tmp_path: Path) -> None:
    side = SideProcesses(Tools, most=2, idle_s=FOREVER)
    with ThreadPoolExecutor(3) as threads:
        held = [threads.submit(side.run, Hold(tmp_path / "go")) for _ in range(3)]
        until(lambda: sum(child.tasks for child in side._children) == 3)
        (tmp_path / "go").touch()
        pids = [future.result() for future in held]
    side.close()

    assert len(set(pids)) == 2


def test_a_process_without_tasks_ends_by_itself_and_the_next_task_starts_another() -> None:
    side = SideProcesses(Tools, idle_s=0.0)

    first, _ = side.run(WhereAmI())
    until(lambda: not is_running(first))
    second, _ = side.run(WhereAmI())
    side.close()

    assert first != second


def test_after_closing_tasks_are_refused_and_nothing_runs(side: SideProcesses[Tools]) -> None:
    pid, _ = side.run(WhereAmI())

    side.close()

    assert not is_running(pid)
    with pytest.raises(SideError, match="stopping"):
        side.run(WhereAmI())


def test_processes_end_with_a_parent_that_is_killed() -> None:
    program = (
        "from tests.utils.side.jobs import Tools, WhereAmI\n"
        "from utils.side.processes import SideProcesses\n"
        "side = SideProcesses(Tools)\n"
        "print(side.run(WhereAmI())[0], flush=True)\n"
        "input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=PROJECT_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)

    parent.kill()
    parent.communicate()

    until(lambda: not is_running(pid))
