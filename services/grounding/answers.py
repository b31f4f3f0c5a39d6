"""Documents and chunks as the API tells them."""

from models.contract.answers.grounding import ChunkRow, DocumentRow, PageRow
from models.grounding.rows import Document, KeptChunk, KeptPage
from services.grounding.licences import allows_export


def document_row(document: Document) -> DocumentRow:
    """Return what callers are told of a document."""
    return {
        "file_id": document.id,
        "name": document.name,
        "title": document.shown,
        "status": document.stage.value,
        "reason": document.reason,
        "notes": list(document.notes),
        "kind": document.kind,
        "size_bytes": document.size_bytes,
        "sha256": document.sha256,
        "licence": document.licence,
        "exportable": allows_export(document.licence),
        "jurisdiction": document.jurisdiction,
        "instrument": document.instrument,
        "identifier": document.identifier,
        "version": document.version,
        "url": document.url,
        "pages": document.pages,
        "recognised_pages": document.recognised,
        "units": document.units,
        "chunks": document.chunks,
        "embedded": document.embedded,
        "attempts": document.attempts,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    }


def page_row(kept: KeptPage) -> PageRow:
    """Return a page."""
    page = kept.page
    return {"number": page.number, "start": kept.start, "text": page.text, "confidence": page.confidence}


def chunk_row(chunk: KeptChunk) -> ChunkRow:
    """Return a chunk."""
    unit = chunk.unit.unit
    return {
        "chunk_id": chunk.id,
        "unit_id": chunk.unit.id,
        "kind": unit.kind.value,
        "number": unit.number,
        "heading": unit.heading,
        "path": list(unit.path),
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
    }
