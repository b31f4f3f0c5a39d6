import threading
from pathlib import Path

from models.contract.arguments import DocumentsArguments
from models.contract.bodies import RetrieveBody
from models.grounding.rows import Stage
from services.grounding.extraction.reading import read_document
from services.grounding.ingestion import Pages
from services.grounding.retrieval_service import RetrievalService
from tests.patience import until
from tests.services.grounding.shelves import HeldEmbedder, Shelf, WordsEmbedder
from utils.cancellation import CancelToken
from utils.errors import DiskFullError

_LONG = "".join(f"{number}. Berths\nBerth {number} is for a vessel of the harbour.\n" for number in range(1, 200))
_SHORT = "1. Dogs\nNo dog may be kept on board without consent.\n"


def retrieval_of(shelf: Shelf) -> RetrievalService:
    return RetrievalService(shelf.store, shelf.passages, shelf.vectors, lambda: None)


def test_a_document_is_ready_before_its_vectors_and_what_waits_is_read_before_more_are_made(tmp_path: Path) -> None:
    embedder = HeldEmbedder()
    with Shelf(tmp_path, embedder) as shelf:
        long = shelf.service.wait(shelf.send(_LONG, "long.txt").id, 60)
        assert (long.stage, long.embedded) == (Stage.READY, 0)
        assert embedder.begun.wait(30)
        short = shelf.send(_SHORT, "short.txt")
        embedder.go_on.set()
        assert shelf.service.wait(short.id, 60).stage is Stage.READY
        until(lambda: not shelf.lacks_vectors(short.id))
    seen = [(one.id, one.embedded) for one in shelf.seen if one.stage is Stage.READY]
    assert seen.index((short.id, 0)) < seen.index((long.id, long.chunks))


def test_while_chunks_lack_vectors_words_alone_find_and_the_answer_says_so(tmp_path: Path) -> None:
    with Shelf(tmp_path, WordsEmbedder()) as shelf:
        shelf.add(_LONG, "long.txt")
    embedder = HeldEmbedder()
    with Shelf(tmp_path, embedder) as shelf:
        retrieval = retrieval_of(shelf)
        short = shelf.service.wait(shelf.send(_SHORT, "short.txt").id, 60)
        rows, notes = retrieval.retrieve(RetrieveBody(query="may a dog be kept on board"))
        assert rows[0]["file_id"] == short.id
        assert notes["vectors"].startswith("199 of 200 chunks have vectors")
        assert retrieval.embedder_id == ""
        embedder.go_on.set()
        until(lambda: not shelf.lacks_vectors(short.id))
        rows, notes = retrieval.retrieve(RetrieveBody(query="may a dog be kept on board", explain=True))
        assert (rows[0]["file_id"], notes) == (short.id, {})
        assert "vectors" in {one["leg"] for one in rows[0]["legs"]}
        assert retrieval.embedder_id == embedder.model_id


def test_vectors_of_another_embedder_are_made_anew_though_nothing_comes_in(tmp_path: Path) -> None:
    with Shelf(tmp_path, WordsEmbedder()) as shelf:
        made = shelf.add(_SHORT)
    with Shelf(tmp_path, WordsEmbedder("other@1", 32)) as shelf:
        until(lambda: shelf.passages.fact("embedder.model") == "other@1" and not shelf.lacks_vectors(made.id))
        assert shelf.passages.fact("embedder.dimension") == "32"


def test_a_document_stays_ready_while_the_embedder_is_away_and_gets_its_vectors_later(tmp_path: Path) -> None:
    embedder = HeldEmbedder(failures=2)
    embedder.go_on.set()
    with Shelf(tmp_path, embedder) as shelf:
        made = shelf.service.wait(shelf.send(_SHORT).id, 60)
        until(lambda: not shelf.lacks_vectors(made.id))
        until(lambda: not shelf.service.find(made.id).notes)
    told = [one for one in shelf.seen if any("the embedder is away" in note for note in one.notes)]
    assert {one.stage for one in told} == {Stage.READY}


def test_a_document_that_waits_for_storage_says_so_holds_up_no_other_and_is_read_once_there_is_room(
    tmp_path: Path,
) -> None:
    room = threading.Event()
    tries: list[str] = []

    def read(path: Path, name: str, token: CancelToken) -> Pages:
        tries.append(name)
        if name == "large.txt" and not room.is_set():
            raise DiskFullError("no space left")
        return read_document(path, name, cancelled=token)

    with Shelf(tmp_path, read=read) as shelf:
        large = shelf.send(_LONG, "large.txt")
        until(lambda: shelf.service.find(large.id).notes)
        assert shelf.add(_SHORT, "short.txt").stage is Stage.READY
        waits = shelf.service.wait(large.id, 0)
        assert waits.stage not in (Stage.READY, Stage.FAILED)
        assert waits.notes == ("waits for storage: no space left",)
        assert list(waits.notes) in [row["notes"] for row in shelf.service.some(DocumentsArguments())[0]]
        assert waits.notes in [one.notes for one in shelf.seen if one.id == large.id]
        until(lambda: tries.count("large.txt") > 4)
        room.set()
        read_at_last = shelf.service.wait(large.id, 60)
    assert (read_at_last.stage, read_at_last.attempts, read_at_last.notes) == (Stage.READY, 1, ())


def test_what_waits_for_storage_is_tried_again_while_vectors_of_others_are_made(tmp_path: Path) -> None:
    embedder = HeldEmbedder()
    tries: list[str] = []

    def read(path: Path, name: str, token: CancelToken) -> Pages:
        tries.append(name)
        if name == "large.txt" and tries.count(name) == 1:
            raise DiskFullError("no space left")
        return read_document(path, name, cancelled=token)

    with Shelf(tmp_path, embedder, read=read, again_s=0) as shelf:
        others = shelf.service.wait(shelf.send(_LONG, "others.txt").id, 60)
        assert embedder.begun.wait(30)
        large = shelf.send(_SHORT, "large.txt")
        embedder.go_on.set()
        assert shelf.service.wait(large.id, 60).stage is Stage.READY
        until(lambda: not shelf.lacks_vectors(others.id))
    seen = [(one.id, one.embedded) for one in shelf.seen if one.stage is Stage.READY]
    assert seen.index((large.id, 0)) < seen.index((others.id, others.chunks))
