"""One batch: live while it runs, its report when it has ended, and the drafts that were refused."""

from collections.abc import Callable, Iterator

from flask import Blueprint, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from api.edge.deps import RETRY, services, watched_stream
from models.contract.answers.batches import Batch
from models.fields import LARGEST
from services.platform import Following
from utils.errors import InputError, NotFoundError
from web.formats import summing_places
from web.page_spec import PageSpec
from web.parts import batch_words, comparison, draft_marks, live
from web.rendering import done, failed, page

_DRAFTS = 10
# So long after the last change the page is looked over all the same: limits empty, and time goes on.
_QUIET_S = 2.0
_QUICK, _SLOW = ("now", "actions"), ("alerts", "turns", "limits", "refused", "report")


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/batches/<path:batch_id>", "batch", _batch)
    ui.add_url_rule("/batches/<path:batch_id>/events", "batch_events", _events)
    ui.add_url_rule("/batches/<path:batch_id>/refused", "refused_drafts", _refused)
    for command in (_pause, _resume, _stop):
        name = command.__name__.removeprefix("_")
        ui.add_url_rule(f"/batches/<path:batch_id>/{name}", f"{name}_batch", command, methods=["POST"])


def _batch(batch_id: str) -> ResponseReturnValue:
    batch = _named(batch_id)
    # Rendered by templates of ours, each of which escapes what it shows.
    parts = {name: Markup(part()) for name, part in _Parts(batch).html.items()}  # noqa: S704  # nosec B704
    return page("batch.html", section="ui.generate", batch=batch, parts=parts)


def _events(batch_id: str) -> ResponseReturnValue:
    """Send the parts of the page, and each again when it has changed, until the batch has ended."""
    shown = _Parts(_named(batch_id))
    following = services().monitor.follow(batch_id)
    return watched_stream(stream_with_context(_messages(shown, following)), following.close, following.close)


def _messages(shown: "_Parts", following: Following) -> Iterator[bytes]:
    parts, seldom = live.LiveParts(shown.html), live.Seldom()
    try:
        yield RETRY
        yield from seldom.run(lambda: parts.changed(*_QUICK, *_SLOW))
        changes = following.changes(_QUIET_S)
        while not shown.has_ended and (told := next(changes, None)) is not None:
            shown.renew()
            yield from parts.changed(*_QUICK)
            if seldom.is_due or shown.has_ended:
                yield from seldom.run(lambda: parts.changed(*_SLOW))
            if not told:
                yield live.SILENCE
        if shown.has_ended:
            yield live.END
    finally:
        following.close()


class _Parts:
    """The parts of one batch's page, rendered from what was last asked of it."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.html: dict[str, Callable[[], str]] = {
            "now": lambda: self._render("now", doing=batch_words.now_words(self._batch)),
            "actions": lambda: self._render("actions"),
            "alerts": self._alerts,
            "turns": self._turns,
            "limits": self._limits,
            "refused": self._refused,
            "report": self._report,
        }

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self._batch["status"] in batch_words.FINAL

    def renew(self) -> None:
        """Ask for the batch as it is now."""
        self._batch = services().monitor.one(self._batch["batch_id"])

    def _render(self, part: str, **values: object) -> str:
        return render_template(
            f"parts/batch_{part}.html",
            batch=self._batch,
            state=batch_words.STATES[self._batch["status"]],
            has_ended=self.has_ended,
            **values,
        )

    def _alerts(self) -> str:
        mine = [row for row in services().monitor.stuck() if row["batch_id"] == self._batch["batch_id"]]
        return self._render("alerts", stuck=mine[0] if mine else None)

    def _turns(self) -> str:
        turns = services().monitor.turns_of(self._batch["batch_id"])
        return self._render("turns", turns=batch_words.happenings(turns), exactly=batch_words.exactly)

    def _limits(self) -> str:
        usage = services().usage
        used = [
            f"{row.get('provider', '')}/{row.get('model', '')}"
            for row in usage.summary("provider,model", batch_id=self._batch["batch_id"])["usage"]
        ]
        used.append(f"{self._batch['current_provider']}/{self._batch['current_model']}")
        return self._render(
            "limits",
            targets=batch_words.target_gauges(usage.targets(), used, waits=self._batch["waiting_for"] == "limit"),
        )

    def _refused(self) -> str:
        kinds = services().reviews.refused_kinds(self._batch["batch_id"])
        named = [(row["kind"], batch_words.kind_words(row["kind"]), row["count"]) for row in kinds]
        return self._render("refused", kinds=named, reason_words=batch_words.reason_words)

    def _report(self) -> str:
        platform, batch_id = services(), self._batch["batch_id"]
        report, made = platform.monitor.report(batch_id), platform.dataset.made_by(batch_id)
        refused = sum(row["count"] for row in platform.reviews.refused_kinds(batch_id))
        models = comparison.by_model(report, made)
        return self._render(
            "report",
            report=report,
            made=made,
            total=comparison.of_batch(report, made, refused),
            models=models,
            places=summing_places(report["cost_usd"], [row.cost_usd for row in models]),
            given_up=[(batch_words.kind_words(kind), count) for kind, count in report["rejections"].items()],
        )


def _refused(batch_id: str) -> ResponseReturnValue:
    batch = _named(batch_id)
    kind = request.args.get("kind", "")
    offset = _offset()
    reviews = services().reviews
    kinds = reviews.refused_kinds(batch_id)
    drafts = reviews.refused_drafts(batch_id, kind, _DRAFTS, offset)
    return page(
        "refused_drafts.html",
        section="ui.generate",
        batch=batch,
        kind=kind,
        kinds=[(row["kind"], batch_words.kind_words(row["kind"]), row["count"]) for row in kinds],
        drafts=[(row, draft_marks.marked(row["texts"] or {}, row["reason"])) for row in drafts],
        marked_raw=draft_marks.marked_raw,
        reason_words=batch_words.reason_words,
        exactly=batch_words.exactly,
        offset=offset,
        page_rows=_DRAFTS,
        total=sum(row["count"] for row in kinds if kind in ("", row["kind"])),
    )


def _pause(batch_id: str) -> ResponseReturnValue:
    return _told(batch_id, services().batches.pause, "The batch was paused. Answers under way are still stored.")


def _resume(batch_id: str) -> ResponseReturnValue:
    return _told(batch_id, services().batches.resume, "The batch was resumed.")


def _stop(batch_id: str) -> ResponseReturnValue:
    return _told(batch_id, services().batches.stop_batch, "The batch was told to stop. What was made stays.")


def _told(batch_id: str, command: Callable[[str], object], message: str) -> ResponseReturnValue:
    _named(batch_id)
    address = url_for("ui.batch", batch_id=batch_id)
    try:
        command(batch_id)
    except InputError as error:  # it has changed since the page was shown: the page says how it is now
        return failed(str(error)[:1].upper() + str(error)[1:] + ".", address)
    return done(message, address)


def _named(batch_id: str) -> Batch:
    try:
        return services().monitor.one(batch_id)
    except NotFoundError:
        raise NotFound(f"There is no batch {batch_id[:100]!r} here. The list under Generate has all of them.") from None


def _offset() -> int:
    given = request.args.get("offset", "0")
    return min(int(given), LARGEST) if given.isdecimal() and len(given) < 17 else 0


SPEC = PageSpec(_add_to)
