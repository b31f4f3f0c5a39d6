"""Answers about documents and retrieval."""

from typing import Annotated, Literal

from pydantic import Field

from models.contract.answers.base import Answer, Success

_Place = Annotated[int, Field(description="In characters, from the start of the document's text")]
DocumentState = Literal["uploaded", "extracting", "chunking", "embedding", "ready", "failed"]


class DocumentRow(Answer):
    """A document."""

    file_id: str
    name: Annotated[str, Field(description="As its sender called it")]
    title: str
    status: Annotated[DocumentState, Field(description="How far its reading is; ready: its words find it")]
    reason: Annotated[str, Field(description="Why it failed; empty otherwise")]
    notes: Annotated[
        list[str], Field(description="What its reader should know: pages recognised from a scan, what it waits for")
    ]
    kind: Annotated[str, Field(description="Kind of file, read from its content: pdf, docx, html, text, …")]
    size_bytes: int
    sha256: str
    licence: Annotated[str, Field(description="Under which its text may be used; empty: nobody said")]
    exportable: Annotated[bool, Field(description="Whether samples of it go into exports without being asked for")]
    jurisdiction: str
    instrument: Annotated[str, Field(description="act, regulation, treaty, judgment, …; empty for other documents")]
    identifier: Annotated[str, Field(description="What the source calls it: ukpga/2006/46, a CELEX number, …")]
    version: Annotated[str, Field(description="State of the text, as 2024-01-31; empty where not known")]
    url: str
    pages: int
    recognised_pages: Annotated[int, Field(description="Pages that were recognised from a scan")]
    units: Annotated[int, Field(description="Sections, articles, clauses, numbered paragraphs and text between them")]
    chunks: int
    embedded: Annotated[int, Field(description="Chunks that have vectors; the others are found by their words")]
    attempts: Annotated[int, Field(description="How often its reading began")]
    created_at: str
    updated_at: str


class UploadAnswer(Answer):
    """Answer of `POST /api/files/upload`."""

    success: Annotated[
        bool, Field(description="False when the file was kept and could not be read: status is failed then")
    ]
    file_id: str
    status: Annotated[Literal["processing", "ready", "failed"], Field(description="processing until it is read")]
    message: str
    file: DocumentRow


class LawAnswer(Success):
    """Answer of `POST /api/law`."""

    file_id: str
    is_unchanged: Annotated[bool, Field(description="The same text was here already; nothing was done")]
    message: str
    file: DocumentRow


class DocumentAnswer(Success):
    """Answer of `GET /api/files/<id>`."""

    file: DocumentRow


class DocumentsAnswer(Success):
    """Answer of `GET /api/files`."""

    files: list[DocumentRow]
    count: int
    total: int


class DeletedDocumentAnswer(Success):
    """Answer of `DELETE /api/files/<id>`."""

    file_id: str
    message: str


class PageRow(Answer):
    """A page of a document."""

    number: Annotated[int | None, Field(description="As a reader counts; null in formats without pages")]
    start: _Place
    text: str
    confidence: Annotated[
        float | None, Field(description="Of the recognition of a scan, 0 to 1; null: the file's text")
    ]


class PagesAnswer(Success):
    """Answer of `GET /api/files/<id>/pages`."""

    pages: list[PageRow]
    count: int
    total: int


class ChunkRow(Answer):
    """A chunk of a document: what is found."""

    chunk_id: int
    unit_id: int
    kind: Annotated[
        str, Field(description="section, article, recital, rule, schedule, paragraph, clause, note or text")
    ]
    number: Annotated[str, Field(description="As it is cited: 172, 26A, 6; empty for none")]
    heading: str
    path: Annotated[list[str], Field(description="Headings above it, outermost first")]
    page: int | None
    start: _Place
    end: _Place
    text: str


class ChunksAnswer(Success):
    """Answer of `GET /api/files/<id>/chunks`."""

    chunks: list[ChunkRow]
    count: int
    total: int


class LegRow(Answer):
    """What one leg of the search says of a result."""

    leg: Annotated[str, Field(description="citation, words or vectors")]
    rank: Annotated[int | None, Field(description="Its place in the leg's list, from 1; null: not in it")]
    score: float


class ResultRow(ChunkRow):
    """A provision that was found, with its best chunk."""

    file_id: str
    title: Annotated[str, Field(description="Of the document or instrument")]
    jurisdiction: str
    score: Annotated[float, Field(description="0 to 1, comparable between questions of one embedder")]
    is_cited: Annotated[bool, Field(description="Whether the question names this provision")]
    status: Annotated[str, Field(description="in_force, repealed or prospective; empty where not known")]
    legs: Annotated[list[LegRow], Field(description="Empty without explain")]


class RetrieveAnswer(Success):
    """Answer of `POST /api/retrieve`."""

    query: str
    results: list[ResultRow]
    count: int
    embedder: Annotated[str, Field(description="The model whose vectors were used; empty: words alone")]
    notes: Annotated[dict[str, str], Field(description="What could not be used, with the reason")]
