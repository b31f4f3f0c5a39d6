"""Releases on the Hugging Face Hub: pushed as a tagged revision, pulled back and checked by their hashes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from models.contract.answers.releases import ReleaseCheck, ReleaseFacts
from models.contract.answers.runs import RunFacts
from models.contract.release_bodies import ReleasePullBody, ReleasePushBody, ReleaseVerifyBody
from models.samples.releases.release_files import MANIFEST, ReleaseFiles
from models.samples.releases.release_store import ReleaseStore
from services.dataset.hub.push import HubAccess
from services.dataset.hub.upload import Destination, Hub
from services.dataset.releases.croissant import FILE as CROISSANT
from services.dataset.releases.croissant import croissant_of
from services.dataset.releases.manifest import manifest_of, read_manifest
from services.dataset.releases.reading import schema_of
from services.dataset.releases.release_service import KIND as RELEASE
from services.dataset.releases.release_service import ReleaseService
from services.dataset.releases.verifying import verified
from services.streams.run import Run
from services.streams.run_service import RunService
from utils.errors import CancelledError, ConflictError, InputError, NotFoundError, PublishError
from utils.file_systems import FileFolder
from utils.redaction import remember_secret

PUSH, PULL = "release_push", "release_pull"
_KINDS = (RELEASE, PUSH, PULL)
_PIECE_BYTES = 4 << 20


class ReleaseSharing:
    """Thread-safe."""

    def __init__(
        self, releases: ReleaseService, store: ReleaseStore, files: ReleaseFiles, runs: RunService, hub: HubAccess
    ) -> None:
        self._releases = releases
        self._store = store
        self._files = files
        self._runs = runs
        self._hub = hub

    def card(self, release_id: str) -> str:
        """Return the card of a release; errors as `ReleaseService.file`."""
        from services.dataset.releases.card import card_of  # with YAML

        facts, folder = self._of(release_id)
        return card_of(facts, schema_of(folder, facts))

    def croissant(self, release_id: str) -> bytes:
        """Return the Croissant document of a release; NotFoundError when there is none."""
        return croissant_of(self._releases.get(release_id))

    def push(self, release_id: str, body: ReleasePushBody, key: str | None = None) -> str:
        """Begin a push; return the id of its run.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: its files were erased, or it was yanked.
            InputError: no token.
            UnavailableError: as of `RunService.start`.
        """
        facts, _ = self._of(release_id)
        if facts["yanked"] is not None:
            raise ConflictError(
                f"release {release_id}: is yanked ({facts['yanked']['reason'][:200]}); take that back first"
            )
        token = self._token(body.token)
        told = {
            "release": release_id,
            "name": facts["name"],
            **body.model_dump(exclude={"token"}, exclude_none=True, mode="json"),
        }
        return self._runs.start(PUSH, told, lambda run: self._push(run, release_id, body, token), key)

    def pull(self, body: ReleasePullBody, key: str | None = None) -> str:
        """Begin a pull; return the id of its run, whose result is the release; errors as of `RunService.start`."""
        token = self._token(body.token, needed=False)
        told = body.model_dump(exclude={"token"}, mode="json")
        return self._runs.start(PULL, told, lambda run: self._pull(run, body, token), key)

    def verify(self, release_id: str, body: ReleaseVerifyBody) -> ReleaseCheck:
        """Check the files of a release here, or its copy on the Hub.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: its files were erased, and it is those that should be checked.
            PublishError: the copy cannot be read.
        """
        if not body.repo_name:
            return self._releases.verify(release_id)
        facts = self._releases.get(release_id)
        hub = Hub(self._token(body.token, needed=False), self._hub.endpoint)
        repo_id, revision = hub.repo_id(body.repo_name), body.revision or _tag(facts)
        with TemporaryDirectory(prefix="release-") as folder:
            for file in facts["files"]:
                hub.fetch(repo_id, revision, file["path"], Path(folder))
            return verified(FileFolder(folder), facts)

    def recent(self, count: int) -> list[RunFacts]:
        """Return the last *count* runs that made, pushed or pulled a release, newest first."""
        found = [facts for kind in _KINDS for facts in self._runs.recent(kind, count)]
        return sorted(found, key=lambda facts: facts["started_at"], reverse=True)[:count]

    def run(self, run_id: str) -> RunFacts:
        """Tell what became of such a run; NotFoundError if there is none."""
        facts = self._runs.facts(run_id)
        if facts["kind"] not in _KINDS:
            raise NotFoundError(f"run {run_id[:80]!r}: is not about a release; see GET /api/runs/{run_id[:80]}")
        return facts

    def _push(self, run: Run, release_id: str, body: ReleasePushBody, token: str) -> Mapping[str, object]:
        from services.dataset.releases.card import card_of

        facts, folder = self._of(release_id)
        hub = Hub(token, self._hub.endpoint)
        repo_id = hub.repo_id(body.repo_name or facts["name"])
        if _tag(facts) in hub.tags(repo_id):
            raise ConflictError(
                f"{repo_id}: has the tag {_tag(facts)}; a release never changes, so push another version"
            )
        url, schema = hub.url(repo_id), schema_of(folder, facts)
        with _local(folder, facts) as files:
            _step(
                run, f"uploading {facts['samples']:,} samples in {len(files)} files, {facts['size_bytes'] / 1e6:.1f} MB"
            )
            beside = {MANIFEST: manifest_of(facts), CROISSANT: croissant_of(facts, url)}
            message = body.commit_message or f"Release {facts['version']}: {facts['samples']} samples"
            target = Destination(repo_id, message, body.private)
            done = hub.upload(target, {**files, **beside}, lambda old: card_of(facts, schema, old))
        _step(run, f"tagging {_tag(facts)}")
        hub.tag(repo_id, _tag(facts), done.commit, f"content hash {facts['content_hash']}")
        return {"url": url, "repo_id": repo_id, "tag": _tag(facts), "commit": done.commit, "samples": facts["samples"]}

    def _pull(self, run: Run, body: ReleasePullBody, token: str) -> Mapping[str, object]:
        hub = Hub(token, self._hub.endpoint)
        repo_id = hub.repo_id(body.repo_name)
        with TemporaryDirectory(prefix="release-") as folder:
            _step(run, "reading the manifest")
            facts = read_manifest(hub.fetch(repo_id, body.revision, MANIFEST, Path(folder)).read_bytes())
            for file in facts["files"]:
                _step(run, f"downloading {file['path']}")
                hub.fetch(repo_id, body.revision, file["path"], Path(folder))
            _step(run, "checking")
            check = verified(FileFolder(folder), facts)
            if not check["is_intact"]:
                first = "; ".join(f"{fault['what']}: {fault['detail']}" for fault in check["faults"][:3])
                raise PublishError(
                    f"{repo_id}@{body.revision}: is not the release that its manifest says ({first}); nothing was kept"
                )
            known = self._known(facts)
            if known is None:
                facts["origin"] = f"{repo_id}@{body.revision}"
                self._keep(facts, Path(folder))
        return {"release": known or facts, "was_here": known is not None}

    def _known(self, facts: ReleaseFacts) -> ReleaseFacts | None:
        try:
            known = self._store.get(facts["id"])
        except NotFoundError:
            return None
        if known["content_hash"] != facts["content_hash"]:
            raise ConflictError(
                f"release {facts['id']}: is here with other rows ({known['content_hash']}); nothing was changed"
            )
        return known

    def _keep(self, facts: ReleaseFacts, folder: Path) -> None:
        try:
            for file in facts["files"]:
                self._files.copy(facts["id"], file, folder / file["path"])
            self._files.write(facts["id"], MANIFEST, lambda write: write(manifest_of(facts)))
            self._store.add(facts)
        except BaseException:
            self._files.remove(facts["id"])
            raise

    def _of(self, release_id: str) -> tuple[ReleaseFacts, FileFolder]:
        facts = self._releases.with_files(release_id)
        return facts, self._releases.folder(release_id)

    def _token(self, given: str | None, needed: bool = True) -> str:
        if given:
            remember_secret(given)
        token = given or self._hub.token
        if not token and needed:
            raise InputError("token: is missing; send one or set HUGGINGFACE_TOKEN (a token that may write)")
        return token


def _tag(facts: ReleaseFacts) -> str:
    return f"v{facts['version']}"


def _step(run: Run, step: str) -> None:
    if run.cancel.is_cancelled:
        raise CancelledError("cancelled")
    run.tell("status", status=step)


@contextmanager
def _local(folder: FileFolder, facts: ReleaseFacts) -> Iterator[dict[str, Path]]:
    """Lend the files of a release as files of this machine."""
    if not folder.is_remote:
        yield {file["path"]: Path(folder.path(file["path"])) for file in facts["files"]}
        return
    with TemporaryDirectory(prefix="release-") as aside:
        found = {file["path"]: Path(aside) / file["path"] for file in facts["files"]}
        for name, path in found.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with folder.open(name) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, _PIECE_BYTES)
        yield found
