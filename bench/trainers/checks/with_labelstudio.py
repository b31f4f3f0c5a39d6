"""What Label Studio's own server takes of the tasks, by the recipe's interface, and gives back with a decision."""

import json
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import requests
from common import failed, files_folder, keep

files = files_folder()
VERSION = version("label-studio")
TOKEN = "0123456789abcdef0123456789abcdef01234567"
PATIENCE_S = 500
(recipe,) = [one for one in json.loads((files / "recipes.json").read_text()) if one["format"] == "label_studio"]
tasks = json.loads((files / "label_studio.json").read_text())
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
url = f"http://127.0.0.1:{port}"
environment = {
    **os.environ, "LABEL_STUDIO_BASE_DATA_DIR": str(files / "label-studio"), "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LATEST_VERSION_CHECK": "false", "COLLECT_ANALYTICS": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "",
}  # fmt: skip
command = [Path(sys.executable).with_name("label-studio"), "start", "--no-browser", "--port", str(port)]
account = ["--username", "a@example.com", "--password", "example-password", "--user-token", TOKEN]
server = subprocess.Popen([*command, *account], env=environment)


def called(method, path, **options):
    """Return what the server answers; HTTPError if it refuses."""
    answer = requests.request(method, f"{url}/api/{path}", headers={"Authorization": f"Token {TOKEN}"}, timeout=60, **options)
    answer.raise_for_status()
    return answer.json()


def wait():
    """Wait until the server answers, whose first start makes its database."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            return requests.get(f"{url}/health", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(2)
    raise TimeoutError("does not answer")


def decision():
    """Return an annotation as a reviewer makes it."""
    told = {"decision": ("choices", ["edit"]), "corrected_answer": ("textarea", ["Better."]), "reason": ("textarea", ["so"])}
    return [
        {"from_name": name, "to_name": "answer", "type": kind, "value": {"choices" if kind == "choices" else "text": value}}
        for name, (kind, value) in told.items()
    ]


try:
    wait()
    project = called("POST", "projects", json={"title": "law", "label_config": recipe["mapping"]})["id"]
    called("POST", f"projects/{project}/import", json=tasks)
    first = called("GET", f"projects/{project}/tasks?page_size=10")[0]["id"]
    called("POST", f"tasks/{first}/annotations", json={"result": decision()})
    back = {task["data"]["sample_id"]: task for task in called("GET", f"projects/{project}/export?exportType=JSON&download_all_tasks=true")}
    different = [task["data"]["sample_id"] for task in tasks if back[task["data"]["sample_id"]]["data"] != task["data"]]
    row = {"trainer": "Label Studio", "version": VERSION, "file": "label_studio", "how": "recipe", "rows": len(tasks)}
    keep({**row, "different": len(different)})
    print(json.dumps([task["annotations"] for task in back.values()])[:3000])
except Exception as error:
    failed("Label Studio", VERSION, "label_studio", "recipe", error)
finally:
    server.terminate()
    server.wait()
