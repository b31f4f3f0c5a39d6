"""One release: what is in it, its files, whether they are as they were, what differs from another; yanked, pushed."""

import secrets
from collections.abc import Callable

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import attachment, services
from models.contract.answers.releases import Release, ReleaseCheck, ReleaseDiff
from models.contract.release_bodies import (
    ReleaseAgainBody,
    ReleaseDiffArguments,
    ReleaseExportArguments,
    ReleasePushBody,
    ReleaseVerifyBody,
    YankBody,
)
from models.fields import ModelT, validated
from utils.access_tokens import Role
from utils.errors import InputError, NotFoundError
from web.page_spec import PageSpec
from web.parts import release_words, slices
from web.rendering import asked, done, failed, is_part, page, sent
from web.session import needs

_SECTION = "ui.releases"
_ERASE = "erase"
# Rows that a comparison names of each kind.
_NAMED = 50


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/releases/<release_id>", "release", _release)
    for name, view in (("compare", _compare), ("export", _export), ("card", _card), ("croissant", _croissant)):
        ui.add_url_rule(f"/releases/<release_id>/{name}", f"{name}_release", view)
    ui.add_url_rule("/releases/<release_id>/files/<path:path>", "release_file", _file)
    for name, change in (
        ("verify", _verify),
        ("again", _again),
        ("yank", _yank),
        (_ERASE, _erase),
        ("restore", _restore),
        ("push", _push),
    ):
        ui.add_url_rule(f"/releases/<release_id>/{name}", f"{name}_release", change, methods=["POST"])


# --- what is in it -------------------------------------------------------------------------


def _release(release_id: str) -> ResponseReturnValue:
    return page("releases/one.html", **_shown(release_id))


def _shown(release_id: str, check: ReleaseCheck | None = None) -> dict[str, object]:
    platform = services()
    facts = platform.releases.get(release_id)
    return {
        "section": _SECTION,
        "release": facts,
        "check": check,
        "has_files": platform.releases.has_files(facts),
        "others": _others(facts),
        "quality": release_words.quality_rows(facts["quality"]),
        "left_out_words": slices.LEFT_OUT,
        "export_choices": slices.formats(platform.releases.formats),
        "split_choices": [(name, name) for name in facts["splits"]],
        "has_token": platform.publish.has_token,
        "key": secrets.token_hex(12),
    }


def _others(facts: Release) -> list[Release]:
    """Return the releases that one can be compared with: those of its name first."""
    room = services().releases
    found = [row for row in room.all() if row["id"] != facts["id"] and room.has_files(row)]
    return sorted(found, key=lambda row: row["name"] != facts["name"])


def _export(release_id: str) -> ResponseReturnValue:
    """Send a release, or a split of it, in the format that was chosen."""
    made = services().releases.export(release_id, validated(ReleaseExportArguments, asked()))
    return attachment(made.content, made.name, made.mimetype)


def _file(release_id: str, path: str) -> ResponseReturnValue:
    return attachment(*services().releases.download(release_id, path))


def _card(release_id: str) -> ResponseReturnValue:
    facts = services().releases.get(release_id)
    return page("releases/card.html", section=_SECTION, release=facts, card=services().sharing.card(release_id))


def _croissant(release_id: str) -> ResponseReturnValue:
    return Response(services().sharing.croissant(release_id), mimetype="application/ld+json")


# --- checked and compared ------------------------------------------------------------------


@needs(Role.READ)
def _verify(release_id: str) -> ResponseReturnValue:
    """Check the files here, or the copy on the Hub; show what differs on the release's page."""
    try:
        check = services().sharing.verify(release_id, validated(ReleaseVerifyBody, sent()))
    except NotFoundError:
        raise
    except InputError as error:
        return failed(str(error), _address(release_id, "check"))
    if is_part():
        return page("releases/check.html", check=check)
    return page("releases/one.html", **_shown(release_id, check))


def _compare(release_id: str) -> ResponseReturnValue:
    platform = services()
    wanted = validated(ReleaseDiffArguments, {"limit": _NAMED, **asked()})
    diff = platform.releases.diff(release_id, wanted.to, wanted.limit)
    facts = platform.releases.get(release_id)
    others = _others(facts)
    return page(
        "releases/compared.html",
        section=_SECTION,
        release=facts,
        diff=diff,
        other=next((row for row in others if row["id"] == wanted.to), None),
        others=others,
        measures=release_words.measures(diff),
        here=_here(diff),
    )


def _here(diff: ReleaseDiff) -> set[str]:
    """Return which of the rows that are named are samples of the data set now."""
    named = [*diff["added_ids"], *diff["removed_ids"], *(row["id"] for row in diff["changed_rows"])]
    try:
        return {row["id"] for row in services().dataset.named(named)[1]} if named else set()
    except NotFoundError:
        return set()


# --- changed -------------------------------------------------------------------------------


def _again(release_id: str) -> ResponseReturnValue:
    """Make the next version by the same recipe."""
    services().releases.get(release_id)
    return _begun(release_id, "again", ReleaseAgainBody, services().releases.start_again)


def _push(release_id: str) -> ResponseReturnValue:
    services().releases.get(release_id)
    return _begun(release_id, "push", ReleasePushBody, services().sharing.push)


def _begun(
    release_id: str, anchor: str, model: type[ModelT], begin: Callable[[str, ModelT, str | None], str]
) -> ResponseReturnValue:
    """Begin a run with what was sent, and lead to it."""
    values = {name: text for name, text in sent().items() if name in model.model_fields}
    try:
        run_id = begin(release_id, validated(model, values), request.form.get("key") or None)
    except InputError as error:
        return failed(str(error), _address(release_id, anchor))
    return Response(status=303, headers={"Location": url_for("ui.release_run", run_id=run_id)})


def _yank(release_id: str) -> ResponseReturnValue:
    """Say that it should not be used any more."""
    return _withdrawn(release_id, "It is yanked. Whoever looks at it sees your reason.", is_erased=False)


def _erase(release_id: str) -> ResponseReturnValue:
    """Yank it, and remove its files for good; only where the box for that is ticked."""
    if request.form.get("sure") != "yes":
        services().releases.get(release_id)
        return failed("Nothing was erased: tick that you know it cannot be undone.", _address(release_id, "yank"))
    return _withdrawn(release_id, "Its files were erased. What was in it is still listed here.", is_erased=True)


def _withdrawn(release_id: str, said: str, *, is_erased: bool) -> ResponseReturnValue:
    services().releases.get(release_id)
    try:
        body = validated(YankBody, {"reason": request.form.get("reason", ""), "erase": is_erased})
    except InputError as error:
        return failed(str(error), _address(release_id, "yank"))
    services().releases.yank(release_id, body)
    return done(said, _address(release_id))


def _restore(release_id: str) -> ResponseReturnValue:
    services().releases.restore(release_id)
    return done("It may be used again.", _address(release_id))


def _address(release_id: str, anchor: str | None = None) -> str:
    return url_for("ui.release", release_id=release_id, _anchor=anchor)


SPEC = PageSpec(_add_to)
