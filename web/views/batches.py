"""All batches, and several of them side by side."""

from collections.abc import Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from api.edge.deps import services
from models.contract.answers.base import StoredSample
from models.contract.answers.batch_reports import BatchReport
from models.contract.arguments import HistoryArguments
from models.fields import validated
from utils.errors import InputError, NotFoundError
from web.formats import summing_places
from web.page_spec import PageSpec
from web.parts import batch_words, comparison
from web.rendering import asked, is_part, page

_ROWS = 25
_MOST_COMPARED = 6


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/batches", "batches", _list)
    ui.add_url_rule("/batches/compare", "compare_batches", _compare)


def _list() -> ResponseReturnValue:
    monitor = services().monitor
    if is_part():
        return page("parts/batches_going_on.html", going_on=monitor.going_on(), states=batch_words.STATES)
    given = validated(HistoryArguments, {**asked(), "limit": _ROWS})
    rows = monitor.history(_ROWS, given.offset, given.status)
    return page(
        "batches.html",
        section="ui.generate",
        going_on=monitor.going_on(),
        rows=rows,
        writers=services().dataset.writers_of([row["id"] for row in rows]),
        total=monitor.count(given.status),
        chosen=given.status or "",
        offset=given.offset,
        page_rows=_ROWS,
        states=batch_words.STATES,
        most_compared=_MOST_COMPARED,
    )


def _compare() -> ResponseReturnValue:
    ids = list(dict.fromkeys(request.args.getlist("id")))
    if len(ids) > _MOST_COMPARED:
        raise InputError(f"{len(ids)} batches are chosen, want {_MOST_COMPARED} at most")
    platform = services()
    columns, models, topics = [], [], []
    for batch_id in ids:
        report, made = _report(batch_id), platform.dataset.made_by(batch_id)
        refused = sum(row["count"] for row in platform.reviews.refused_kinds(batch_id))
        columns.append(comparison.of_batch(report, made, refused))
        models += comparison.by_model(report, made)
        topics.append(list(made["topics"]))
    shared = comparison.shared(topics)
    topic = request.args.get("topic", "") or next(iter(shared), "")
    return page(
        "batches_compared.html",
        section="ui.generate",
        columns=columns,
        models=models,
        places=_places(columns, models),
        judged=any(column.judge is not None for column in columns),
        batches={batch_id: platform.monitor.one(batch_id) for batch_id in ids},
        states=batch_words.STATES,
        topics=shared,
        topic=topic,
        samples=[_one_sample(batch_id, topic) for batch_id in ids] if topic else [],
    )


def _places(columns: Sequence[comparison.Compared], models: Sequence[comparison.Compared]) -> int | None:
    """Return the places at which the costs of the models sum to those of each batch, as they are shown."""
    by_batch = {one.batch_id: [row.cost_usd for row in models if row.batch_id == one.batch_id] for one in columns}
    found = [summing_places(one.cost_usd, by_batch[one.batch_id]) for one in columns]
    return max((places for places in found if places is not None), default=None)


def _report(batch_id: str) -> BatchReport:
    try:
        return services().monitor.report(batch_id)
    except NotFoundError:
        raise NotFound(f"There is no batch {batch_id[:100]!r} here. Tick batches in the list.") from None


def _one_sample(batch_id: str, topic: str) -> StoredSample | None:
    drawn = services().dataset.draw(1, {"batch_id": batch_id, "topic": topic}, seed=0)
    return drawn[0] if drawn else None


SPEC = PageSpec(_add_to)
