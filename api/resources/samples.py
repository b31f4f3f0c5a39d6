"""Samples found, drawn, searched and downloaded."""

import re

import orjson
from flask import Blueprint, Response

from api.edge.deps import attachment, services
from api.edge.endpoint import Endpoint, File
from api.resources.data import query_of
from models.contract.answers.dataset import (
    FILTERS,
    BatchQualityAnswer,
    BatchSamplesAnswer,
    BulkAnswer,
    BulksAnswer,
    FilteredAnswer,
    RandomAnswer,
    SearchAnswer,
    UndoneAnswer,
)
from models.contract.answers.thought import ThoughtAnswer
from models.contract.arguments import PageArguments, RandomArguments, SearchArguments
from models.contract.bodies import BulkBody, SampleIds, UndoBody
from models.samples.file.column_types import plain
from utils.access_tokens import Role

_TAG = "Data set"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_samples", __name__)
    routes.get("/sample/<id:sample_id>/download")(download)
    routes.post("/samples/download")(download_many)
    routes.get("/samples/bulk")(bulk_changes)
    routes.post("/samples/bulk")(change_many)
    routes.post("/samples/bulk/undo")(undo)
    routes.get("/samples/random")(draw)
    routes.get("/samples/filter")(find)
    routes.get("/samples/<id:sample_id>/chain-of-thought")(chain_of_thought)
    routes.get("/search")(search)
    routes.get("/batch/<batch_id>/samples")(batch_samples)
    routes.get("/batch/<batch_id>/quality")(batch_quality)
    return routes


@Endpoint(answers=File("application/json", "The sample, indented"), tag=_TAG, errors=(404,))
def download(sample_id: str) -> Response:
    """Download one sample as a file."""
    sample = services().dataset.get(sample_id)
    content = orjson.dumps(sample, default=plain, option=orjson.OPT_INDENT_2)
    return attachment([content], f"{safe_name(sample_id)}.json", "application/json")


@Endpoint(answers=File("application/x-ndjson", "A sample a line"), role=Role.READ, tag=_TAG, errors=(404,))
def download_many(body: SampleIds) -> Response:
    """Download the samples named as JSON Lines."""
    count, samples = services().dataset.named(body.sample_ids)
    lines = (orjson.dumps(sample, default=plain, option=orjson.OPT_APPEND_NEWLINE) for sample in samples)
    return attachment(lines, f"samples_{count}.jsonl", "application/x-ndjson")


@Endpoint(tag=_TAG)
def change_many(body: BulkBody) -> BulkAnswer:
    """Edit or delete all samples that match, at once."""
    done = services().bulk.change(body)
    verb = "deleted" if body.delete else "changed"
    message = f"{done['changed']} samples {f'would be {verb}' if body.dry_run else verb}"
    return {"success": True, "message": message, **done}


@Endpoint(tag=_TAG, errors=(404,))
def undo(body: UndoBody) -> UndoneAnswer:
    """Undo a change of many samples."""
    return {"success": True, **services().bulk.undo(body.undo)}


@Endpoint(tag=_TAG)
def bulk_changes() -> BulksAnswer:
    """List the last changes of many samples, with what undoes them."""
    return {"success": True, "changes": services().bulk.recorded()}


@Endpoint(tag=_TAG, in_line=False)
def draw(query: RandomArguments) -> RandomAnswer:
    """Draw samples at random."""
    samples = services().dataset.draw(query.count, query.chosen, query.seed)
    return {"success": True, "samples": samples, "count": len(samples)}


@Endpoint(tag=_TAG)
def find(query: PageArguments) -> FilteredAnswer:
    """Return one page of the samples that match."""
    selection, samples = services().dataset.page(query_of(query))
    chosen = query.chosen
    return {
        "success": True,
        "samples": samples,
        "count": len(samples),
        "total": selection.total,
        "filters": {name: chosen[name] for name in FILTERS if name in chosen},
        "next_cursor": selection.next_cursor,
    }


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def chain_of_thought(sample_id: str) -> ThoughtAnswer:
    """Show how a sample reasons, step by step, and what its model thought."""
    sample = services().dataset.get(sample_id)
    thought = services().quality.thought_of(sample)
    supports_cot = services().models.supports_cot(sample["provider"], sample["model"])
    return {"success": True, "sample_id": sample_id, **thought, "supports_cot": supports_cot}


@Endpoint(tag=_TAG, in_line=False)
def search(query: SearchArguments) -> SearchAnswer:
    """Find the samples that hold the words."""
    return {"success": True, **services().search.answer(query)}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def batch_samples(batch_id: str) -> BatchSamplesAnswer:
    """Return all samples of a batch."""
    samples = services().dataset.of_batch(batch_id)
    info = services().monitor.history_of(batch_id)
    return {"success": True, "batch_id": batch_id, "samples": samples, "count": len(samples), "batch_info": info}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def batch_quality(batch_id: str) -> BatchQualityAnswer:
    """Return figures on the quality of a batch's samples."""
    return {"success": True, "batch_id": batch_id, **services().quality.of_batch(batch_id)}


def safe_name(text: str) -> str:
    """Return *text* as a file name of plain characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[:100] or "sample"
