"""A release whose process is killed at any step is there whole or not at all, and the next one is made."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import build
from config import PROJECT_DIR
from models.contract.release_bodies import ReleaseBody
from tests.fakes import sample, settings_for
from tests.services.dataset.releases.conftest import texts_of

_KILLED = """
import os, sys
from pathlib import Path
from bootstrap import build
from models.contract.release_bodies import ReleaseBody
from models.samples.releases.release_files import ReleaseFiles
from models.samples.releases.release_store import ReleaseStore
from tests.fakes import settings_for

write, left = ReleaseFiles.write, int(sys.argv[2])

def dying(files, release_id, path, make, *more):
    global left
    left -= 1
    def half(out):
        make(out)
        if not left:
            os.kill(os.getpid(), 9)
    return write(files, release_id, path, half, *more)

ReleaseFiles.write = dying
ReleaseStore.add = lambda *_: os.kill(os.getpid(), 9)
platform = build(settings_for(Path(sys.argv[1]))).start()
platform.runs.outcome(platform.releases.start(ReleaseBody(name="law", splits="0.8,0.1,0.1")))
"""


@pytest.mark.parametrize("step", [1, 3, 4, 5, 99], ids=["first file", "last split", "rows", "manifest", "row"])
def test_killed_release_is_none_and_the_next_is_made(tmp_path: Path, step: int) -> None:
    folder = tmp_path / "data"
    platform = build(settings_for(folder)).start()
    for number in range(30):
        platform.dataset.add(sample(id=f"s{number:02}", **texts_of(number)))
    platform.close()

    died = subprocess.run(
        [sys.executable, "-c", _KILLED, str(folder), str(step)], cwd=PROJECT_DIR, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]

    platform = build(settings_for(folder)).start()
    try:
        assert platform.releases.all() == []
        assert platform.runs.recent("release", 1)[0]["state"] == "error"
        run_id = platform.releases.start(ReleaseBody(name="law", splits="0.8,0.1,0.1"))
        platform.runs.outcome(run_id)
        (made,) = platform.releases.all()
        assert made["version"] == "1.0.0"
        assert platform.releases.verify(made["id"])["is_intact"]
    finally:
        platform.close()
