"""A simulated Hugging Face Hub: the wire that the real client speaks, on loopback.

Keeps what is committed, on main, on branches and in pull requests, so that a test can read the repository back.
"""

import base64
import json
import re
import threading
from collections.abc import Callable
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

Files = dict[str, bytes]
TOKEN = "hf_simulated"  # of the simulation only


class SimulatedHub:
    """A Hub on a port of its own; a context manager."""

    def __init__(self) -> None:
        self.repos: dict[str, Files] = {}  # main of each
        self.branches: dict[tuple[str, str], Files] = {}  # by repository and revision, pull requests too
        self.tags: dict[tuple[str, str], Files] = {}  # by repository and name; they stay what they were
        self.private: dict[str, bool] = {}
        self.commits: list[str] = []
        self.descriptions: list[str] = []
        self.refuse: tuple[int, str] | None = None
        self.meanwhile: Callable[[], None] | None = None  # called once, before a commit is taken
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
        """Return status and content of one request: JSON, or the bytes of a file."""
        path, _, arguments = path.partition("?")
        query = parse_qs(arguments)
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
            (r"/api/datasets/(?P<repo>.+?)/tree/(?P<rev>.+)", self._tree),
            (r"/api/datasets/(?P<repo>.+?)/preupload/.*", lambda repo: self._preupload(json.loads(body))),
            (r"/datasets/(?P<repo>.+?)\.git/info/lfs/objects/batch", lambda repo: self._batch(json.loads(body))),
            (r"/api/datasets/(?P<repo>.+?)/branch/(?P<rev>.+)", self._branch),
            (r"/api/datasets/(?P<repo>.+?)/refs", self._refs),
            (r"/api/datasets/(?P<repo>.+?)/tag/(?P<rev>.+)", lambda repo, rev: self._tag(repo, rev, json.loads(body))),
            (r"/api/datasets/(?P<repo>.+?)/commit/(?P<rev>.+)", lambda repo, rev: self._commit(repo, rev, query, body)),
            (r"/datasets/(?P<repo>.+?)/resolve/(?P<rev>[^/]+)/(?P<name>.+)", self._file),
            (r"/api/datasets/(?P<repo>.+?)(?:/revision/(?P<rev>.*))?", self._info),
            (r"/api/validate-yaml", lambda: (200, {"errors": [], "warnings": []})),
        ):
            found = re.fullmatch(pattern, path)
            if found:
                groups = {name: unquote(value) for name, value in found.groupdict().items() if value}
                status, payload = act(**groups)
                return int(status), payload
        return 404, {"error": f"the simulation does not know {method} {path}"}

    def files(self, repo: str, revision: str) -> Files | None:
        """Return the files at a branch, a reference or a commit; None where there is no such."""
        known = {"main": self.repos.get(repo), **{rev: held for (of, rev), held in self.branches.items() if of == repo}}
        known |= {name: held for (of, name), held in self.tags.items() if of == repo}
        by_commit = {_commit_of(held): held for held in known.values() if held is not None}
        return known.get(revision, by_commit.get(revision))

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

    def _tree(self, repo: str, rev: str) -> tuple[int, Any]:
        files = self.files(repo, rev)
        if files is None:
            return 404, {"error": f"Invalid rev id: {rev}", "code": "RevisionNotFound"}
        return 200, [{"type": "file", "path": path, "size": len(data), "oid": "0"} for path, data in files.items()]

    def _info(self, repo: str, rev: str = "main") -> tuple[int, Any]:
        if repo not in self.repos:
            return 404, {"error": "Repository not found", "code": "RepoNotFound"}
        files = self.files(repo, rev)
        if files is None:
            return 404, {"error": f"Invalid rev id: {rev}", "code": "RevisionNotFound"}
        siblings = [{"rfilename": path} for path in files]
        private = self.private[repo]
        return 200, {"id": repo, "sha": _commit_of(files), "private": private, "tags": [], "siblings": siblings}

    def _branch(self, repo: str, rev: str) -> tuple[int, Any]:
        if (repo, rev) in self.branches:
            return 409, {"error": f"Reference already exists: {rev}"}
        self.branches[repo, rev] = dict(self.repos[repo])
        return 200, {}

    def _refs(self, repo: str) -> tuple[int, Any]:
        if repo not in self.repos:
            return 404, {"error": "Repository not found", "code": "RepoNotFound"}

        def shown(kind: str, name: str, files: Files) -> dict[str, str]:
            return {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": _commit_of(files)}

        branches = [shown("heads", "main", self.repos[repo])]
        tags = [shown("tags", name, files) for (of, name), files in self.tags.items() if of == repo]
        return 200, {"branches": branches, "tags": tags, "converts": []}

    def _tag(self, repo: str, rev: str, wanted: dict[str, Any]) -> tuple[int, Any]:
        files = self.files(repo, rev)
        if files is None:
            return 404, {"error": f"Invalid rev id: {rev}", "code": "RevisionNotFound"}
        if (repo, wanted["tag"]) in self.tags:
            return 409, {"error": f"Tag already exists: {wanted['tag']}"}
        self.tags[repo, wanted["tag"]] = dict(files)
        return 200, {}

    def _file(self, repo: str, rev: str, name: str) -> tuple[int, Any]:
        files = self.files(repo, rev) or {}
        if name not in files:
            return 404, {"error": "Entry not found", "code": "EntryNotFound"}
        return 200, files[name]

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

    def _commit(self, repo: str, rev: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        if self.meanwhile is not None:
            other, self.meanwhile = self.meanwhile, None
            other()
        target = self.files(repo, rev)
        if target is None:
            return 404, {"error": f"Invalid rev id: {rev}", "code": "RevisionNotFound"}
        entries = [json.loads(line) for line in body.decode().splitlines()]
        header = entries[0]["value"]
        if header.get("parentCommit", _commit_of(target)) != _commit_of(target):
            return 412, {"error": "A commit has happened since. Please refresh and try again."}
        pull = {}
        if query.get("create_pr") == ["1"]:
            number = 1 + sum(of == repo and name.startswith("refs/pr/") for of, name in self.branches)
            target = self.branches[repo, f"refs/pr/{number}"] = dict(target)
            pull = {"pullRequestUrl": f"{self.url}/datasets/{repo}/discussions/{number}"}
        self.commits.append(header["summary"])
        self.descriptions.append(header["description"])
        for entry in entries[1:]:
            self._apply(target, entry["key"], entry["value"])
        commit = _commit_of(target)
        url = f"{self.url}/datasets/{repo}/commit/{commit}"
        return 200, {"success": True, "commitOid": commit, "commitUrl": url, "hookOutput": "", **pull}

    def _apply(self, files: Files, kind: str, value: dict[str, Any]) -> None:
        if kind == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif kind == "lfsFile":
            files[value["path"]] = self._objects[value["oid"]]
        elif kind == "deletedFile":
            del files[value["path"]]

    def _handler(hub: "SimulatedHub") -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self._body()
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                status, payload = hub.answer(self.command, self.path, token, body)
                content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
                self.send_response(status)
                for name, value in _headers(status, payload).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
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

            do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815  # names of the standard library

            def log_message(self, *_: object) -> None: ...

        return Handler


def _headers(status: int, payload: Any) -> dict[str, str]:
    if isinstance(payload, bytes):
        name = sha1(payload, usedforsecurity=False).hexdigest()
        return {"Content-Type": "application/octet-stream", "ETag": f'"{name}"', "X-Repo-Commit": "0" * 40}
    failure = {"X-Error-Message": payload["error"], "X-Error-Code": payload.get("code", "")} if status >= 400 else {}
    return {"Content-Type": "application/json", **failure}


def _commit_of(files: Files) -> str:
    """Return the name of a commit, made of its files."""
    return sha1(repr(sorted(files.items())).encode(), usedforsecurity=False).hexdigest()
