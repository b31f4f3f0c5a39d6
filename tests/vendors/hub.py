"""A simulated Hugging Face Hub: the wire that the real client speaks, on loopback.

Keeps what is committed, so that a test can read the repository back.
"""

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_simulated"  # of the simulation only


class SimulatedHub:
    """A Hub on a port of its own; a context manager."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.commits: list[str] = []
        self.refuse: tuple[int, str] | None = None
        self._objects: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "SimulatedHub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, Any]:
        """Return status and JSON of one request."""
        if path.startswith("/upload/"):
            self._objects[path.removeprefix("/upload/")] = body
            return 200, {}
        if token != TOKEN:
            return 401, {"error": "Invalid user token."}
        if self.refuse is not None and "commit" in path:
            return self.refuse[0], {"error": self.refuse[1]}
        for pattern, act in (
            (r"/api/whoami-v2", lambda: (200, {"name": "lawyer", "type": "user"})),
            (r"/api/repos/create", lambda: self._create(json.loads(body))),
            (r"/api/datasets/(?P<repo>.+?)/tree/.*", self._tree),
            (r"/api/datasets/(?P<repo>.+?)/preupload/.*", lambda repo: self._preupload(json.loads(body))),
            (r"/datasets/(?P<repo>.+?)\.git/info/lfs/objects/batch", lambda repo: self._batch(json.loads(body))),
            (r"/api/datasets/(?P<repo>.+?)/commit/.*", lambda repo: self._commit(repo, body)),
            (r"/api/datasets/(?P<repo>.+?)(?:/revision/.*)?", self._info),
            (r"/api/validate-yaml", lambda: (200, {"errors": [], "warnings": []})),
        ):
            found = re.fullmatch(pattern, path.partition("?")[0])
            if found:
                status, payload = act(**found.groupdict())
                return int(status), payload
        return 404, {"error": f"the simulation does not know {method} {path}"}

    def _create(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        organization = wanted.get("organization")
        name = f"{organization or 'lawyer'}/{wanted['name']}"
        if organization not in (None, "lawyer"):
            return 403, {
                "error": f'You don\'t have the rights to create a dataset under the namespace "{organization}".'
            }
        url = f"{self.url}/datasets/{name}"
        if name in self.repos:
            return 409, {"error": "You already created this dataset repo", "url": url}
        self.repos[name] = {}
        self.private[name] = bool(wanted.get("private") or wanted.get("visibility") == "private")
        return 200, {"url": url, "name": name, "id": "1"}

    def _tree(self, repo: str) -> tuple[int, Any]:
        files = self.repos.get(repo, {})
        return 200, [{"type": "file", "path": path, "size": len(data), "oid": "0"} for path, data in files.items()]

    def _info(self, repo: str) -> tuple[int, Any]:
        if repo not in self.repos:
            return 404, {"error": "Repository not found"}
        siblings = [{"rfilename": path} for path in self.repos[repo]]
        return 200, {"id": repo, "sha": "0" * 40, "private": self.private[repo], "tags": [], "siblings": siblings}

    @staticmethod
    def _preupload(wanted: dict[str, Any]) -> tuple[int, Any]:
        def mode(path: str) -> str:
            return "regular" if path.endswith(".md") else "lfs"

        files = [{"path": f["path"], "uploadMode": mode(f["path"]), "shouldIgnore": False} for f in wanted["files"]]
        return 200, {"files": files}

    def _batch(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        objects = [
            {**item, "authenticated": True, "actions": {"upload": {"href": f"{self.url}/upload/{item['oid']}"}}}
            for item in wanted["objects"]
        ]
        return 200, {"transfer": "basic", "objects": objects}

    def _commit(self, repo: str, body: bytes) -> tuple[int, Any]:
        for line in body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                self.commits.append(value["summary"])
            elif entry["key"] == "file":
                self.repos[repo][value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                self.repos[repo][value["path"]] = self._objects[value["oid"]]
            elif entry["key"] == "deletedFile":
                del self.repos[repo][value["path"]]
        url = f"{self.url}/datasets/{repo}/commit/{'1' * 40}"
        return 200, {"success": True, "commitOid": "1" * 40, "commitUrl": url, "hookOutput": ""}

    def _handler(hub: "SimulatedHub") -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self._body()
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                status, payload = hub.answer(self.command, self.path, token, body)
                content = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if status >= 400:
                    self.send_header("X-Error-Message", payload["error"])
                self.end_headers()
                self.wfile.write(content)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pieces = b""
                while size := int(self.rfile.readline().strip(), 16):
                    pieces += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return pieces

            do_GET = do_POST = do_PUT = _serve  # noqa: N815  # names of the standard library

            def log_message(self, *_: object) -> None: ...

        return Handler
