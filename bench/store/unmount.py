"""Takes the data volume away under a running batch (`umount --lazy`), and brings it back: nothing may be lost.

    sudo .venv/bin/python bench/store/unmount.py      # mounts a volume of its own from an image; needs root

Checked: while the volume is away nothing is accepted (503), the service is not ready, and nothing is written into the
folder beneath; when it is back the batch completes, and after a restart every acknowledged sample is there.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import catalog, finish
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

TARGET = 160


@contextmanager
def volume(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Make a small volume; yield its image and where it is mounted."""
    image, place = folder / "volume.img", folder / "data"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(256 << 20)
    _run("mkfs.ext4", "-q", str(image))
    _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield image, place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)  # noqa: S607


def main() -> None:
    """Print what was found."""
    with tempfile.TemporaryDirectory() as name, VendorProcess("groq") as vendors:
        folder = Path(name)
        with volume(folder) as (image, place):
            settings = {"catalog_dir": catalog(folder), "log_level": "WARNING", **vendors.settings()}
            vendors.set("groq", latency_s=0.2)
            with RunningServer(place, **settings) as server:
                batch = server.post("generate/batch/start", count=TARGET, provider="groq", allow_failover=False)
                while server.get("stats")["total"] < TARGET // 4:
                    time.sleep(0.05)
                _run("umount", "--lazy", str(place))
                _away(server, place)
                _run("mount", _device_of(image), str(place))
                ended = finish(server, batch["batch_id"])
                ready = requests.get(f"{server.url}/health/ready", timeout=30).status_code
                print(f"back: ready {ready}; batch {ended['status']}, {ended['progress']} of {TARGET}")
                server.end()
                server.start()
                print(f"after a restart: {server.get('stats')['total']} of {TARGET} samples")


def _away(server: RunningServer, place: Path) -> None:
    time.sleep(3)
    body = {"id": "late", "question": "?", "answer": "x", "topic": "a - b", "difficulty": "basic"}
    answers = {
        "add": requests.post(f"{server.url}/add", json={**body, "case_citation": "x", "reasoning": "x"}, timeout=30),
        "fold": requests.post(f"{server.url}/dataset/fold", timeout=30),
        "ready": requests.get(f"{server.url}/health/ready", timeout=30),
        "read": requests.get(f"{server.url}/stats", timeout=30),
    }
    print("away:", {what: answer.status_code for what, answer in answers.items()})
    print("away: the folder beneath holds", [path.name for path in place.iterdir()])
    told = server.get("generate/batch/status")
    print("away: the batch waits for", told["waiting_for"], "-", told["errors"][-1]["error"][:120])


def _device_of(image: Path) -> str:
    """Return the device that still holds *image*: the same file system is mounted again, not a second one."""
    command = ["losetup", "--associated", str(image)]
    held = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return held.partition(":")[0]


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
