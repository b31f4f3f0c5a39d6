"""What Argilla's library makes of the records: its settings and records, sent to a server that keeps what it gets."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from common import failed, files_folder, keep

files = files_folder()
ID = str(uuid.uuid4())
NOW = "2026-01-01T00:00:00"
GOT = {}


class Answers(BaseHTTPRequestHandler):
    """The least of Argilla's API that creating a data set and sending records needs: it answers with what it got."""

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        path = self.path.split("?")[0]
        workspace = {"id": ID, "name": "law", "inserted_at": NOW, "updated_at": NOW}
        known = {
            "/api/v1/version": {"version": "2.8.0"},
            "/api/v1/me": {"id": ID, "username": "x", "first_name": "x", "role": "owner", "inserted_at": NOW, "updated_at": NOW},
            "/api/v1/me/workspaces": {"items": [workspace]},
            "/api/v1/workspaces": {"items": [workspace]},
            f"/api/v1/workspaces/{ID}": workspace,
            "/api/v1/me/datasets": {"items": []},
            f"/api/v1/datasets/{ID}": self.dataset(),
        }
        kind = path.rsplit("/", 1)[-1]
        self.answer(known.get(path, {"items": GOT.get(kind, [])}))

    def do_POST(self):
        self.write()

    do_PUT = do_PATCH = do_POST

    def write(self):
        path = self.path.split("?")[0]
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "{}")
        kind = path.rsplit("/", 1)[-1]
        if kind == "bulk":
            GOT["records"] = body["items"]
            items = [{**item, "id": str(uuid.uuid4()), "inserted_at": NOW, "updated_at": NOW} for item in body["items"]]
            self.answer({"items": items, "updated_item_ids": []})
        elif kind in ("datasets", "publish"):
            self.answer(self.dataset())
        else:
            made = {**body, "id": str(uuid.uuid4()), "dataset_id": ID, "inserted_at": NOW, "updated_at": NOW}
            GOT.setdefault(kind, []).append(made)
            self.answer(made)

    def dataset(self):
        return {
            "id": ID, "name": "law", "workspace_id": ID, "status": "ready", "allow_extra_metadata": True, "guidelines": None,
            "distribution": {"strategy": "overlap", "min_submitted": 1}, "inserted_at": NOW, "updated_at": NOW,
            "last_activity_at": NOW,
        }  # fmt: skip

    def answer(self, body):
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
threading.Thread(target=server.serve_forever, daemon=True).start()

import argilla as rg  # noqa: E402

(recipe,) = [one for one in json.loads((files / "recipes.json").read_text()) if one["format"] == "argilla"]
lines = [json.loads(line) for line in (files / "argilla.jsonl").read_text().splitlines()]
try:
    rg.Argilla(api_url=f"http://127.0.0.1:{server.server_port}", api_key="any")
    exec(recipe["mapping"].replace("FILE", str(files / "argilla.jsonl")), {"rg": rg, "json": json})  # the recipe is code
    got = {item["external_id"]: item for item in GOT["records"]}
    different = [
        line["id"]
        for line in lines
        if got[line["id"]]["fields"] != line["fields"]
        or got[line["id"]]["metadata"] != line["metadata"]
        or [one["value"] for one in got[line["id"]]["suggestions"]] != [line["fields"]["answer"]]
    ]
    row = {"trainer": "Argilla", "version": rg.__version__, "file": "argilla", "how": "recipe", "rows": len(lines)}
    keep({**row, "different": len(different)})
except Exception as error:
    failed("Argilla", rg.__version__, "argilla", "recipe", error)
finally:
    server.shutdown()
