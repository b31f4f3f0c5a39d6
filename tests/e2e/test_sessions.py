"""What the assistant keeps, when the process that kept it is killed."""

import subprocess
import sys
from pathlib import Path

from bootstrap import build
from config import PROJECT_DIR
from tests.e2e.server import RunningServer, environment, free_port
from tests.fakes import settings_for
from tests.patience import until

_TURNS = 30
# Says the id of each turn once it is told that it is kept, and never ends by itself.
_TALKER = """
import sys
from bootstrap import build
from config import load_settings
from models.assistant.rows import NewTurn

platform = build(load_settings()).start()
session = platform.assistant.history
for number in range(100_000):
    made = session.add(NewTurn(user_id="ada", session_id=sys.argv[1] or None, query=f"q{number}", response="a" * 500))
    print(made, flush=True)
"""


def test_turns_that_were_acknowledged_survive_a_kill_and_their_summary_forms_afterwards(tmp_path: Path) -> None:
    platform = build(settings_for(tmp_path)).start()
    session = platform.stores.assistant.sessions.start("ada", "", {}).id
    platform.close()
    talker = subprocess.Popen(
        [sys.executable, "-c", _TALKER, session],
        stdout=subprocess.PIPE,
        env={**environment(tmp_path, free_port()), "PYTHONPATH": str(PROJECT_DIR)},
        cwd=tmp_path,
        text=True,
    )
    assert talker.stdout is not None
    said = [int(talker.stdout.readline()) for _ in range(_TURNS)]
    talker.kill()
    said += [int(line) for line in talker.stdout.read().split("\n")[:-1]]
    talker.wait()
    talker.stdout.close()

    again = build(settings_for(tmp_path)).start()
    kept = again.stores.assistant.turns.of_session(session, 100_000)
    until(lambda: not again.stores.assistant.summaries.due(4, 1))
    summary = again.stores.assistant.summaries.newest(session)
    counted = again.stores.assistant.sessions.get(session)
    again.close()

    assert [turn.id for turn in kept][: len(said)] == said
    assert len(kept) - len(said) in (0, 1)  # one may have been kept and not yet told
    assert all(turn.response == "a" * 500 for turn in kept)
    assert (counted.turns, counted.title) == (len(kept), "q0")
    assert summary is not None
    assert summary.turns == len(kept) // 4 * 4


def test_session_event_and_memory_that_were_answered_survive_the_death_of_the_server(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        session = server.post("sessions/start", title="Roofs")["session"]
        event = server.post("events", type="prompt", session_id=session["session_id"], event_id="ui-1")["event"]
        memory = server.post("memories", key="town", value="York")["memory"]
        server.kill()
        server.start()
        found = server.get(f"sessions/{session['session_id']}?include_events=1")
        repeated = server.post("events", type="prompt", session_id=session["session_id"], event_id="ui-1")
        memories = server.get("memories")["memories"]

    assert found["session"] == session
    assert found["events"] == [event]
    assert (repeated["event"], repeated["is_repeated"]) == (event, True)
    assert memories == [memory]
