import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from models.grounding.rows import Stage
from services.grounding.document_service import Told
from tests.patience import until
from tests.services.grounding.shelves import Held, Shelf, WordsEmbedder
from utils.errors import DuplicateDocumentError, InputError, NotFoundError

_LEASE = (
    "1. Rent\nThe tenant pays the rent on the first day of each month.\n"
    "2. Repairs\nThe landlord repairs the roof of the cottage.\n"
    "3. Pets\nNo dog may be kept without consent.\n"
)


def test_an_uploaded_document_is_read_and_found_by_its_words(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        document = shelf.add(_LEASE, "lease.txt", licence="own", jurisdiction="uk", title="Lease of a cottage")
        assert (document.stage, document.kind, document.units, document.chunks) == (Stage.READY, "text", 3, 3)
        assert shelf.find("who repairs the roof")[:1] == ["The landlord repairs the roof of the cottage."]
        found = shelf.retriever.retrieve("dog").found[0].chunk
        assert (found.number, found.heading, found.title, found.jurisdiction) == (
            "3",
            "Pets",
            "Lease of a cottage",
            "uk",
        )


def test_a_document_is_found_by_meaning_where_there_is_an_embedder(tmp_path: Path) -> None:
    with Shelf(tmp_path, WordsEmbedder()) as shelf:
        document = shelf.add(_LEASE)
        assert document.embedded == document.chunks == 3
        found = shelf.retriever.retrieve("landlord repairs roof", explain=True).found[0]
        assert {one.leg for one in found.standings if one.rank == 1} == {"words", "vectors"}


def test_what_was_deleted_is_found_nowhere_and_leaves_nothing(tmp_path: Path) -> None:
    with Shelf(tmp_path, WordsEmbedder()) as shelf:
        kept = shelf.add("The harbour master grants a licence to moor.\n", "kept.txt")
        gone = shelf.add(_LEASE)
        before = shelf.rows()
        assert before["vectors"] == 4
        shelf.service.delete(gone.id)
        assert shelf.find("landlord repairs roof cottage") == [] or "landlord" not in shelf.find("landlord")[0]
        assert shelf.rows() == {**dict.fromkeys(before, 1), "numbers": 0}
        assert [path.name for path in shelf.files.iterdir()] == [kept.file]
        with pytest.raises(NotFoundError):
            shelf.service.find(gone.id)


def test_whoever_listens_is_told_that_a_document_was_deleted(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        gone = shelf.add(_LEASE)
        heard = shelf.service.events.subscribe(lambda: (), shared=False)
        shelf.service.delete(gone.id)
        message = next(heard.messages())
    told = message.decode().partition("data: ")[2]
    assert json.loads(told) == {"type": "file_deleted", "file_id": gone.id}


def test_a_place_of_a_document_is_found_by_passage_section_page_and_characters(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        shelf.add("1. Fees\nA fee is due.\n", "other.txt")
        document = shelf.add(_LEASE)
        rows, _ = shelf.service.chunks(document.id, 10, 0)
        last = rows[2]

        assert shelf.service.place(document.id, {"chunk": last["chunk_id"]}) == 2
        assert shelf.service.place(document.id, {"unit": last["unit_id"]}) == 2
        assert shelf.service.place(document.id, {"start": last["start"]}) == 2
        assert shelf.service.place(document.id, {"page": 1}) == 0
        assert shelf.service.place(document.id, {"chunk": 1}) == 0
        assert shelf.service.place(document.id, {}) == 0
        assert shelf.service.place(document.id, {}, "landlord repairs") == 1
        assert shelf.service.place(document.id, {}, "A fee is due") == 0


def test_what_documents_leave_in_the_data_folder_is_never_offered_to_the_repository(tmp_path: Path) -> None:
    ignored = Path(__file__).parents[3] / ".gitignore"
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not here")
    subprocess.run([git, "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_bytes(ignored.read_bytes())
    with Shelf(tmp_path) as shelf:
        shelf.add(_LEASE)
        shown = subprocess.run(
            [git, "-C", str(tmp_path), "status", "--porcelain", "-uall"], check=True, capture_output=True, text=True
        ).stdout
    assert shown == "?? .gitignore\n"


def test_the_same_bytes_again_are_refused_with_the_first_id_and_leave_no_file(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        first = shelf.add(_LEASE)
        with pytest.raises(DuplicateDocumentError) as refused:
            shelf.add(_LEASE, "other name.txt")
        assert refused.value.details == {"file_id": first.id}
        assert len(list(shelf.files.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "told", "says"),
    [
        (b"", {}, "is empty"),
        (b"x" * 2000, {}, "is larger than"),
        (b"text", {"licence": "ogl"}, "licence: got 'ogl'"),
        (b"text", {"jurisdiction": "mars"}, "want one of eu, international, uk, us"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_anything_is_kept(
    tmp_path: Path, content: bytes, told: dict[str, str], says: str
) -> None:
    shelf = Shelf(tmp_path, most_bytes=1000)
    with pytest.raises(InputError, match=says):
        shelf.service.upload(io.BytesIO(content), Told("a.txt", **told))
    assert not shelf.files.exists() or not list(shelf.files.iterdir())
    assert shelf.store.waiting() == []


def test_a_name_is_its_last_part_and_never_a_path_on_the_disk(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        document = shelf.add("Some words of law.\n", "../../etc/\x07passwd.txt")
        assert document.name == "passwd.txt"
        assert document.file.isalnum()
        assert shelf.service.file(document.id)[1].parent == tmp_path / "documents"


def test_a_document_that_cannot_be_read_fails_with_its_reason_and_can_be_tried_again(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        document = shelf.add(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old.doc")
        assert document.stage is Stage.FAILED
        assert "cannot be read" in document.reason
        again = shelf.service.wait(shelf.service.reindex(document.id)["file_id"], 60)
        assert (again.stage, again.attempts) == (Stage.FAILED, 1)


def test_a_document_under_way_is_read_after_a_restart(tmp_path: Path) -> None:
    held = Held()
    with Shelf(tmp_path, read=held) as shelf:
        made = shelf.service.upload(io.BytesIO(_LEASE.encode()), Told("lease.txt"))
        assert held.begun.wait(30)
    assert shelf.store.find(made.id).stage is Stage.EXTRACTING  # type: ignore[union-attr]
    with Shelf(tmp_path) as again:
        document = again.service.wait(made.id, 60)
        assert (document.stage, document.attempts, document.chunks) == (Stage.READY, 2, 3)


def test_a_document_that_ended_the_process_three_times_is_set_aside(tmp_path: Path) -> None:
    for _ in range(3):
        held = Held()
        with Shelf(tmp_path, read=held) as shelf:
            if not shelf.store.waiting():
                made = shelf.service.upload(io.BytesIO(_LEASE.encode()), Told("lease.txt"))
            assert held.begun.wait(30)
    with Shelf(tmp_path) as again:
        document = again.service.wait(made.id, 60)
        assert document.stage is Stage.FAILED
        assert "broken off 3 times" in document.reason


def test_a_document_that_is_deleted_while_it_is_read_leaves_nothing(tmp_path: Path) -> None:
    held = Held()
    with Shelf(tmp_path, read=held) as shelf:
        made = shelf.service.upload(io.BytesIO(_LEASE.encode()), Told("lease.txt"))
        assert held.begun.wait(30)
        shelf.service.delete(made.id)
        held.go_on.set()
    with Shelf(tmp_path) as again:
        assert set(again.rows().values()) == {0}
        assert list(again.files.iterdir()) == []


def test_files_without_a_document_are_swept_at_the_start(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        kept = shelf.add(_LEASE)
    for name in ("0123456789abcdef", "fedcba.part"):
        (tmp_path / "documents" / name).write_bytes(b"left by a crash")
    with Shelf(tmp_path) as shelf:
        assert [path.name for path in shelf.files.iterdir()] == [kept.file]


def test_another_embedder_embeds_all_anew_and_words_find_meanwhile(tmp_path: Path) -> None:
    with Shelf(tmp_path, WordsEmbedder()) as shelf:
        made = shelf.add(_LEASE)
    other = WordsEmbedder("other@1", 32)
    with Shelf(tmp_path, other) as shelf:
        shelf.add("A new text brings the change to light.\n")
        assert shelf.service.find(made.id).stage is Stage.READY
        until(lambda: not shelf.lacks_vectors(made.id))
        assert shelf.passages.fact("embedder.model") == "other@1"
        assert len(other.embedded) == 4


def test_every_step_of_a_document_is_told(tmp_path: Path) -> None:
    with Shelf(tmp_path, WordsEmbedder()) as shelf:
        made = shelf.add(_LEASE)
    stages = [document.stage.value for document in shelf.seen if document.id == made.id]
    assert list(dict.fromkeys(stages)) == ["uploaded", "extracting", "chunking", "embedding", "ready"]


def test_text_is_returned_by_its_place_over_the_borders_of_pages(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        document = shelf.add(_LEASE)
        whole = "".join(page.page.text for page in shelf.passages.pages(document.number))
        for start, end in ((0, 10), (5, len(whole)), (len(whole) - 3, len(whole) + 9)):
            assert shelf.passages.text(document.number, start, end) == whole[start:end]


def test_an_index_that_an_earlier_version_did_not_have_is_made_at_the_start(tmp_path: Path) -> None:
    with Shelf(tmp_path) as before:
        before.add("Section 1. Fees\nThe fee is £5.\n", "act.txt", jurisdiction="uk", title="Fees Act 2021")
        with before.library.changing() as change:
            change.connection.exec_driver_sql("DROP INDEX ix_chunks_place")
    with Shelf(tmp_path) as after:
        found = after.passages.search('"fee"', {"jurisdiction": "uk"}, None, 5)
    assert len(found) == 1
