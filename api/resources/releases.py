"""Releases: frozen parts of the data set, their files, and their way to the Hub."""

from urllib.parse import quote

from flask import Blueprint, Response

from api.edge.deps import attachment, idempotency_key, services
from api.edge.endpoint import Endpoint, File
from models.contract.answers.releases import (
    ReleaseAnswer,
    ReleaseCheckAnswer,
    ReleaseDiffAnswer,
    ReleasesAnswer,
    ReleaseStartedAnswer,
)
from models.contract.release_bodies import (
    ReleaseAgainBody,
    ReleaseBody,
    ReleaseDiffArguments,
    ReleaseExportArguments,
    ReleasePullBody,
    ReleasePushBody,
    ReleasesArguments,
    ReleaseVerifyBody,
    YankBody,
)
from utils.access_tokens import Role

_TAG = "Releases"
_PIECE_BYTES = 1 << 20
_KINDS = ("application/json", "text/csv", "application/vnd.apache.parquet")


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_releases", __name__)
    routes.get("/releases")(releases)
    routes.post("/releases")(start)
    routes.post("/releases/pull")(pull)
    routes.get("/releases/<release_id>")(release)
    routes.post("/releases/<release_id>/again")(again)
    routes.get("/releases/<release_id>/diff")(diff)
    routes.get("/releases/<release_id>/export")(export)
    routes.get("/releases/<release_id>/files/<path:path>")(file)
    routes.get("/releases/<release_id>/card")(card)
    routes.get("/releases/<release_id>/croissant")(croissant)
    routes.post("/releases/<release_id>/verify")(verify)
    routes.post("/releases/<release_id>/yank")(yank)
    routes.delete("/releases/<release_id>/yank")(restore)
    routes.post("/releases/<release_id>/push")(push)
    return routes


@Endpoint(tag=_TAG)
def releases(query: ReleasesArguments) -> ReleasesAnswer:
    """List the releases, newest first."""
    found = services().releases.all(query.name, query.yanked)
    return {"success": True, "releases": found, "count": len(found)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(409,))
def start(body: ReleaseBody) -> ReleaseStartedAnswer:
    """Freeze a part of the data set: begins a run, whose result is the release."""
    return {"success": True, "run_id": services().releases.start(body, idempotency_key())}


@Endpoint(tag=_TAG, errors=(404,))
def release(release_id: str) -> ReleaseAnswer:
    """Return a release with all that is known of it."""
    return {"success": True, "release": services().releases.get(release_id)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404, 409))
def again(release_id: str, body: ReleaseAgainBody) -> ReleaseStartedAnswer:
    """Make the next version of a release by its recipe; `diff` tells what differs."""
    return {"success": True, "run_id": services().releases.start_again(release_id, body, idempotency_key())}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def diff(release_id: str, query: ReleaseDiffArguments) -> ReleaseDiffAnswer:
    """Compare a release with another, or with what its recipe makes of the data set now."""
    return {"success": True, "diff": services().releases.diff(release_id, query.to, query.limit)}


@Endpoint(answers=File("application/x-ndjson", "The release in a format for trainers", _KINDS), tag=_TAG, errors=(404,))
def export(release_id: str, query: ReleaseExportArguments) -> Response:
    """Send a release, or one split of it, in a format for trainers."""
    made = services().releases.export(release_id, query)
    answer = attachment(made.content, made.name, made.mimetype)
    answer.headers["X-Sample-Count"] = str(made.samples)
    answer.headers["X-Data-Version"] = made.data_version
    yanked = services().releases.get(release_id)["yanked"]
    if yanked is not None:
        answer.headers["X-Yanked"] = quote(yanked["reason"], safe=" ,.;:()'")
    return answer


@Endpoint(
    answers=File("application/vnd.apache.parquet", "A file of the release", ("application/json",)),
    tag=_TAG,
    errors=(404,),
)
def file(release_id: str, path: str) -> Response:
    """Send a file of a release as it was written."""
    return attachment(*services().releases.download(release_id, path))


@Endpoint(answers=File("text/markdown", "The card"), tag=_TAG, errors=(404,))
def card(release_id: str) -> Response:
    """Return the card of a release, with its datasheet, as a push writes it."""
    return Response(services().sharing.card(release_id), mimetype="text/markdown")


@Endpoint(answers=File("application/ld+json", "The Croissant document"), tag=_TAG, errors=(404,))
def croissant(release_id: str) -> Response:
    """Return what machines read of a release: Croissant 1.1 with its responsible-AI fields."""
    return Response(services().sharing.croissant(release_id), mimetype="application/ld+json")


@Endpoint(role=Role.READ, tag=_TAG, errors=(404,), in_line=False)
def verify(release_id: str, body: ReleaseVerifyBody) -> ReleaseCheckAnswer:
    """Check the files of a release, or its copy on the Hub, byte by byte and row by row."""
    return {"success": True, "check": services().sharing.verify(release_id, body)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def yank(release_id: str, body: YankBody) -> ReleaseAnswer:
    """Say that a release should not be used any more, and why; with `erase` its files are removed."""
    return {"success": True, "release": services().releases.yank(release_id, body)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def restore(release_id: str) -> ReleaseAnswer:
    """Take back that a release should not be used."""
    return {"success": True, "release": services().releases.restore(release_id)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def push(release_id: str, body: ReleasePushBody) -> ReleaseStartedAnswer:
    """Push a release to the Hugging Face Hub, as a tagged revision: begins a run."""
    return {"success": True, "run_id": services().sharing.push(release_id, body, idempotency_key())}


@Endpoint(role=Role.WRITE, tag=_TAG)
def pull(body: ReleasePullBody) -> ReleaseStartedAnswer:
    """Pull a release from the Hugging Face Hub, checked by its hashes: begins a run, whose result is the release."""
    return {"success": True, "run_id": services().sharing.pull(body, idempotency_key())}
