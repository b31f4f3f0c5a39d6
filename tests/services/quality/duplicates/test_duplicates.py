"""Near-duplicates: sketches, the index, the veto of the law, and what generation refuses."""

import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract.answers.base import StoredSample
from models.samples.sample_store import SampleStore
from services.quality.duplicates import DuplicateThresholds, duplicate_service, fresh, known, sketch
from services.quality.duplicates import index as index_module
from services.quality.duplicates.duplicate_service import DuplicateService
from services.quality.duplicates.index import SketchIndex
from services.quality.duplicates.pairs import COMPARED, pairs_of, rows_of_pairs
from services.quality.duplicates.report import IndexedPairs
from services.quality.duplicates.sketch import band_hashes, exact_key, similarity, sketch_of, sketches
from services.quality.duplicates.veto import differs, law_of
from tests.fakes import CHECKER, sample
from utils.errors import QualityError

WORDS = [
    f"{a}{b}"
    for a in ("bri", "ton", "mar", "vel", "cor", "pen", "sal", "dun")
    for b in ("ta", "lo", "mi", "ra", "se", "no", "fi", "gu")
]


def text(seed: int, words: int = 120) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) for _ in range(words))


def pairs_in(index: SketchIndex) -> list[tuple[str, str, float]]:
    return IndexedPairs(*index.saved_and_fresh()).similar(0.3, 10**6)[1]


def edited(original: str, share: float, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) if draw.random() < share else word for word in original.split())


def written(number: int, **changes: object) -> dict[str, object]:
    values = {
        "id": f"s{number}",
        "question": text(number, 20),
        "answer": text(number + 10_000),
        "reasoning": text(number + 20_000, 40),
    }
    return sample(**{**values, **changes})


@pytest.fixture
def duplicates(store: SampleStore, tmp_path: Path) -> DuplicateService:
    return DuplicateService(store, tmp_path / "index", CHECKER.extractor, DuplicateThresholds())


# --- sketches --------------------------------------------------------------------------------


@given(st.lists(st.text("ab cd.,É'’", max_size=40), min_size=1, max_size=12))
def test_sketch_of_a_text_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = sketches(pl.Series(texts))

    assert together.shape == (len(texts), 128)
    for row, one in zip(together, texts, strict=True):
        assert (sketches(pl.Series([one]))[0] == row).all()


@given(st.text("aBz09 .,-_'’“”–—…°§£éÉßæŁłőžıŽŉſ½²ªµ中ا́\t\n\x00\x1c\x85\u00a0\u2011", max_size=60))
def test_sketch_of_one_text_is_that_of_many(text: str) -> None:
    assert (sketch_of(text) == sketches(pl.Series([text]))[0]).all()


def test_every_sign_is_folded_in_one_text_as_in_many() -> None:
    signs = [*map(chr, range(0x180)), *sketch._GAPS]
    texts = [f"Alpha{sign}beta {sign} {sign}delta e f g" for sign in signs]

    together = sketches(pl.Series(texts))

    assert [text for text, row in zip(texts, together, strict=True) if not (sketch_of(text) == row).all()] == []


def test_case_punctuation_and_blanks_make_no_difference() -> None:
    first, second = sketches(pl.Series(["The Court, held: so!", "the  court held so"]))

    assert (first == second).all()
    assert exact_key("The Court, held: so!", "A") == exact_key("the court held so", "a")
    assert exact_key("a", "b") != exact_key("a b", "")


def test_similarity_falls_with_the_share_that_was_changed() -> None:
    original = text(1, 300)
    rows = sketches(pl.Series([original, edited(original, 0.05, 1), edited(original, 0.3, 2), text(2, 300)]))

    alike = similarity(rows[0], rows)

    assert alike[0] == 1.0
    assert alike[0] > alike[1] > 0.6 > alike[2] > alike[3]


# --- the index -------------------------------------------------------------------------------


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["add", "save", "append", "reload", "discard"])), max_size=14
    )
)
def test_index_finds_what_was_added_whatever_is_on_the_disk(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("index")
    index, there, saved = SketchIndex(folder), set[int](), set[int]()
    for number, step in steps:
        row = sketches(pl.Series([text(number)]))
        if step == "add":
            index.add([str(number)], row)
            there.add(number)
        elif step == "append":
            index.append(pl.Series("id", [str(number)]), row)
            there.add(number)
            saved.add(number)
        elif step == "discard" and number not in saved:
            index.discard(str(number))
            there.discard(number)
        elif step == "save":
            index.save()
            saved |= there
        elif step == "reload":
            index = SketchIndex(folder)
            there &= saved

    for number in range(13):
        found = dict(index.near(sketches(pl.Series([text(number)]))[0], 0.9))
        assert (str(number) in found) == (number in there)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["add", "add", "add", "save", "discard"]), max_size=40), st.integers(1, 60))
def test_most_similar_are_those_that_a_comparison_with_all_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], most: int
) -> None:
    index, there = SketchIndex(tmp_path_factory.mktemp("index")), dict[str, Any]()
    for number, step in enumerate(steps):
        if step == "save":
            index.save()
        elif step == "discard" and there:
            index.discard(name := next(iter(there)))
            del there[name]
        else:
            there[f"t{number}"] = sketch_of(edited(text(1), 0.05, number))
            index.add([f"t{number}"], there[f"t{number}"].reshape(1, -1))
    row = sketch_of(text(1))

    found = index.near(row, 0.3, most)

    alike = sorted((float(similarity(row, other.reshape(1, -1))[0]) for other in there.values()), reverse=True)
    assert [value for _, value in found] == [value for value in alike if value >= 0.3][:most]
    assert all(float(similarity(row, there[name].reshape(1, -1))[0]) == value for name, value in found)


def test_sketch_of_what_is_there_again_is_found_again(tmp_path: Path) -> None:
    index = SketchIndex(tmp_path)
    rows = sketches(pl.Series([text(1), text(2)]))
    index.append(pl.Series("id", ["a", "b"]), rows)

    index.discard("a")
    assert index.near(rows[0], 0.9) == []
    index.keep_only(pl.Series("id", ["a"]), [])

    assert index.near(rows[0], 0.9) == [("a", 1.0)]
    assert index.near(rows[1], 0.9) == []
    index.save(keep=pl.Series("id", ["a"]))
    assert len(index) == 1


def test_planted_duplicates_are_found_and_nothing_else(tmp_path: Path) -> None:
    originals = [text(n, 200) for n in range(400)]
    planted = [edited(originals[n], 0.08, n) for n in range(100)]
    index = SketchIndex(tmp_path)
    index.append(pl.Series("id", [f"o{n}" for n in range(400)]), sketches(pl.Series(originals)))

    found = [index.near(row, 0.3) for row in sketches(pl.Series(planted))]

    assert sum(near[:1] != [] and near[0][0] == f"o{n}" for n, near in enumerate(found)) >= 90
    assert sum(len(near) for near in found) <= 100
    index.append(pl.Series("id", [f"p{n}" for n in range(100)]), sketches(pl.Series(planted)))
    pairs = {tuple(sorted(pair[:2])) for pair in pairs_in(index)}
    assert len(pairs & {(f"o{n}", f"p{n}") for n in range(100)}) >= 90
    assert len(pairs) <= 100


def test_many_segments_become_few_and_the_newest_sketch_of_an_id_counts(tmp_path: Path) -> None:
    index = SketchIndex(tmp_path)
    for number in range(20):
        index.append(pl.Series("id", ["same", f"id{number}"]), sketches(pl.Series([text(number), text(number)])))

    assert len(list(tmp_path.iterdir())) <= index_module._SEGMENTS
    index.save(keep=pl.Series("id", ["same", "id3"]))
    again = SketchIndex(tmp_path)
    assert len(again) == 2
    assert dict(again.near(sketches(pl.Series([text(19)]))[0], 0.9)) == {"same": 1.0}
    assert again.missing(pl.Series("id", ["same", "id3", "id4"])).to_list() == ["id4"]


def test_new_sketch_of_an_id_counts_before_the_saved_one(tmp_path: Path) -> None:
    index = SketchIndex(tmp_path)
    index.append(pl.Series("id", ["a", "b"]), sketches(pl.Series([text(1), text(2)])))

    index.add(["a"], sketches(pl.Series([text(2)])))

    assert index.near(sketches(pl.Series([text(1)]))[0], 0.3) == []
    assert pairs_in(index) == [("b", "a", 1.0)]
    index.save()
    assert len(SketchIndex(tmp_path)) == 2
    assert SketchIndex(tmp_path).near(sketches(pl.Series([text(1)]))[0], 0.3) == []


def test_sketch_that_is_renewed_while_it_is_saved_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SketchIndex(tmp_path)
    index.add(["a"], sketches(pl.Series([text(1)])))
    write = index_module._write

    def slow(*arguments: Any) -> Any:
        index.add(["a"], sketches(pl.Series([text(2)])))
        return write(*arguments)

    monkeypatch.setattr(index_module, "_write", slow)
    index.save()

    assert index.near(sketches(pl.Series([text(2)]))[0], 0.9) == [("a", 1.0)]
    assert index.near(sketches(pl.Series([text(1)]))[0], 0.3) == []


def test_segments_that_a_merge_left_behind_are_no_longer_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SketchIndex(tmp_path)
    index.append(pl.Series("id", ["a", "b"]), sketches(pl.Series([text(1), text(2)])))
    with monkeypatch.context() as killed:
        killed.setattr("shutil.rmtree", lambda *_, **__: None)
        index.append(pl.Series("id", ["a"]), sketches(pl.Series([text(3)])))

    again = SketchIndex(tmp_path)

    assert len(again) == 2
    assert again.near(sketches(pl.Series([text(1)]))[0], 0.3) == []


def test_segment_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SketchIndex(tmp_path)
    index.add(["a"], sketches(pl.Series([text(1)])))
    with monkeypatch.context() as full:

        def refuse(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(index_module, "_write_files", refuse)
        with pytest.raises(OSError, match="No space"):
            index.save()

    assert list(tmp_path.iterdir()) == []
    assert index.near(sketches(pl.Series([text(1)]))[0], 0.9) == [("a", 1.0)]


@pytest.mark.parametrize("damage", ["segment.json", "ids.parquet", "hashes.npy"])
def test_damaged_segment_is_thrown_away_and_not_read(tmp_path: Path, damage: str) -> None:
    SketchIndex(tmp_path).append(pl.Series("id", ["a"]), sketches(pl.Series([text(1)])))
    next(tmp_path.glob(f"*/{damage}")).write_bytes(b"broken")

    assert len(SketchIndex(tmp_path)) == 0
    assert not list(tmp_path.iterdir())


def test_bucket_of_a_thousand_equal_texts_gives_few_pairs() -> None:
    rows = np.repeat(sketches(pl.Series([text(1)])), 1000, axis=0)

    pairs, similarities = pairs_of(rows, 0.9)

    assert set(np.concatenate(rows_of_pairs(pairs))) == set(range(1000))
    assert len(pairs) == len(similarities) < 2_000
    assert band_hashes(rows).shape == (1000, 32)


# --- the veto --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "in_what"),
    [
        ("What duties follow from section 172?", "What duties follow from section 175?", "provisions"),
        ("Explain Article 101 TFEU.", "Explain Article 102 TFEU.", "provisions"),
        ("Explain the direct effect of directives.", "Explain the indirect effect of directives.", "concepts"),
        ("What is the actus reus here?", "What is the mens rea here?", "concepts"),
        (
            "Apply Fisher v Bell [1961] 1 QB 394.",
            "Apply Carlill v Carbolic Smoke Ball Co [1893] 1 QB 256.",
            "authorities",
        ),
        ("What is an offer?", "What is an offer in law?", ""),
        ("Explain section 172.", "Explain section 172 and section 175.", ""),
    ],
)
def test_texts_about_different_law_are_no_duplicates(one: str, other: str, in_what: str) -> None:
    first, second = (law_of({"question": question}, CHECKER.extractor) for question in (one, other))

    assert differs(first, second) == in_what


def test_samples_of_two_jurisdictions_are_no_duplicates() -> None:
    laws = [law_of({"question": "same", "jurisdiction": place}, CHECKER.extractor) for place in ("uk", "us")]

    assert differs(*laws) == "jurisdiction"


# --- the service -----------------------------------------------------------------------------


def test_near_duplicate_is_refused_and_a_sibling_of_other_law_is_let_in(
    duplicates: DuplicateService, store: SampleStore
) -> None:
    first = written(1, answer=text(3) + " under section 172 of it")
    assert duplicates.admit(first, "a") == []
    store.add(first)

    with pytest.raises(QualityError, match=r"duplicate: similarity 0\.\d+ to s1, want below 0.6"):
        duplicates.admit({**first, "id": "s2", "answer": str(first["answer"]).replace("bri", "bra", 1)}, "b")
    sibling = {**first, "id": "s3", "answer": str(first["answer"]).replace("172", "175")}
    assert [(other.id, other.differs_in) for other in duplicates.admit(sibling, "c")] == [("s1", "provisions")]


def test_draft_that_is_judged_again_is_no_duplicate_of_itself(duplicates: DuplicateService) -> None:
    duplicates.admit(written(1), "the same job")

    assert duplicates.admit(written(1, id="other id"), "the same job") == []
    with pytest.raises(QualityError, match="duplicate"):
        duplicates.admit(written(1, id="third id"), "another job")


def test_of_two_equal_samples_made_at_the_same_moment_one_is_refused(duplicates: DuplicateService) -> None:
    refused: list[str] = []
    gate = threading.Barrier(8)

    def make(number: int) -> None:
        gate.wait()
        try:
            duplicates.admit(written(1, id=f"w{number}"), f"job {number}")
        except QualityError:
            refused.append(f"w{number}")

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 7


def test_deleted_sample_does_not_stand_in_the_way(duplicates: DuplicateService, store: SampleStore) -> None:
    store.add(written(1))
    duplicates.update(lambda: False)
    with pytest.raises(QualityError):
        duplicates.admit(written(1, id="again"), "a")

    store.delete("s1")
    duplicates.forget("s1")

    assert duplicates.admit(written(1, id="again"), "a") == []


def test_draft_that_came_to_nothing_does_not_stand_in_the_way(duplicates: DuplicateService) -> None:
    duplicates.admit(written(1), "a")

    duplicates.forget("s1")

    assert duplicates.admit(written(1, id="again"), "b") == []


def test_draft_that_is_written_anew_is_compared_by_its_new_law(duplicates: DuplicateService) -> None:
    base = written(1, answer=text(3) + " under section 200 of it")
    other = {**base, "id": "other", "answer": edited(text(3), 0.05, 1) + " under section 300 of it"}
    duplicates.admit(base, "a")
    assert [row.differs_in for row in duplicates.look(other)] == ["provisions"]

    duplicates.admit({**base, "answer": str(base["answer"]).replace("200", "300")}, "a")

    assert [row.differs_in for row in duplicates.look(other)] == [""]


def test_what_is_edited_while_it_is_compared_is_not_remembered(
    duplicates: DuplicateService, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = written(1, answer=text(3) + " under section 200 of it")
    other = {**base, "id": "other", "answer": edited(text(3), 0.05, 1) + " under section 300 of it"}
    duplicates.renew(store.add(base))
    read = DuplicateService._sample

    def edited_meanwhile(self: DuplicateService, name: str) -> Any:
        found = read(self, name)
        monkeypatch.setattr(DuplicateService, "_sample", read)
        duplicates.renew(store.update("s1", {"answer": str(base["answer"]).replace("200", "300")}))
        return found

    monkeypatch.setattr(DuplicateService, "_sample", edited_meanwhile)
    duplicates.look(other)

    assert [row.differs_in for row in duplicates.look(other)] == [""]


def test_copies_are_told_by_their_words_and_read_once(
    duplicates: DuplicateService, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = written(1, case_citation="Donoghue v Stevenson [1932] AC 562")
    copy = {**base, "id": "copy", "case_citation": "Caparo v Dickman [1990] UKHL 2"}
    sibling = {**copy, "id": "sibling", "answer": str(base["answer"]) + " of it"}
    duplicates.renew(store.add(base))
    read: list[str] = []
    get = store.get

    def noted(name: str) -> StoredSample:
        read.append(name)
        return get(name)

    monkeypatch.setattr(store, "get", noted)

    assert [row.differs_in for row in duplicates.look(copy)] == [""]
    assert [row.differs_in for row in duplicates.look(sibling)] == ["authorities"]
    assert len(read) == 2  # its law, then its words; both are kept


def test_edited_sample_is_compared_by_its_new_text(duplicates: DuplicateService, store: SampleStore) -> None:
    store.add(written(1))
    duplicates.update(lambda: False)
    duplicates.renew(store.update("s1", {key: written(2)[key] for key in ("question", "answer", "reasoning")}))

    assert duplicates.admit(written(1, id="old text"), "a") == []
    with pytest.raises(QualityError, match="to s1"):
        duplicates.admit(written(2, id="new text"), "b")


def test_duplicate_is_found_behind_many_siblings(duplicates: DuplicateService, store: SampleStore) -> None:
    base = written(1, answer=text(3) + " under section 200 of it")
    for number in range(8):
        store.add({**base, "id": f"sibling{number}", "answer": str(base["answer"]).replace("200", str(100 + number))})
    store.add({**base, "id": "same law", "answer": edited(text(3), 0.05, 1) + " under section 200 of it"})
    duplicates.update(lambda: False)

    with pytest.raises(QualityError, match="to same law"):
        duplicates.admit({**base, "id": "new"}, "a")


def test_samples_that_resemble_one_another_are_not_read_again_and_again(
    store: SampleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, compared = list[str](), list[int]()
    monkeypatch.setattr(store, "get", read.append)
    monkeypatch.setattr(duplicate_service, "_SAVE_FROM", 50)
    plain = similarity

    def counted(one: Any, others: Any) -> Any:
        compared.append(len(others))
        return plain(one, others)

    monkeypatch.setattr(index_module, "similarity", counted)
    monkeypatch.setattr(fresh, "similarity", counted)
    service = DuplicateService(store, tmp_path / "index", CHECKER.extractor, DuplicateThresholds())
    costs = []
    for number in range(600):
        compared.clear()
        alike = service.admit(written(number, answer=edited(text(7, 120), 0.45, number)), f"job {number}")
        costs.append(sum(compared))
        assert all(other.similarity < 0.6 for other in alike)
        if service._index.unsaved > 50:
            service._index.save()

    assert read == []  # the law of what is no duplicate does not matter
    assert max(costs[-50:]) <= 32 * COMPARED * (index_module._SEGMENTS + 1)


def test_law_is_kept_of_those_that_were_compared_last(
    duplicates: DuplicateService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_KEPT", 3)
    for number in range(10):
        duplicates.admit(written(number), f"job {number}")
    read: list[str] = []
    sample_of = DuplicateService._sample

    def noted(self: DuplicateService, name: str) -> Any:
        read.append(name)
        return sample_of(self, name)

    monkeypatch.setattr(DuplicateService, "_sample", noted)
    for number in range(1, 10):
        assert duplicates._known.get("s0", duplicates._known_of) is not None
        assert duplicates._known.get(f"s{number}", duplicates._known_of) is not None
        assert len(duplicates._known._known) <= 3

    assert read.count("s0") == 1


def test_index_takes_in_what_is_there_and_survives_a_restart(store: SampleStore, tmp_path: Path) -> None:
    for number in range(5):
        store.add(written(number))
    first = DuplicateService(store, tmp_path / "index", CHECKER.extractor, DuplicateThresholds())
    first.update(lambda: False)
    first.close()
    second = DuplicateService(store, tmp_path / "index", CHECKER.extractor, DuplicateThresholds())

    with pytest.raises(QualityError, match="to s3"):
        second.admit(written(3, id="copy"), "a")


def test_report_names_duplicates_and_siblings(duplicates: DuplicateService, store: SampleStore) -> None:
    base = written(1, answer=text(3) + " under section 172 of it")
    store.add(base)
    store.add({**base, "id": "copy"})
    store.add({**base, "id": "sibling", "answer": str(base["answer"]).replace("172", "175")})
    store.add(written(2))
    duplicates.update(lambda: False)

    told = duplicates.report()

    kinds = {tuple(sorted(pair["ids"])): (pair["kind"], pair["exact"]) for pair in told["pairs"]}
    assert kinds[("copy", "s1")] == ("duplicate", True)
    assert kinds[("s1", "sibling")] == ("sibling", False)
    assert (told["samples"], told["indexed"], told["counts"]["duplicates"], told["counts"]["siblings"]) == (4, 4, 1, 2)


def test_thresholds_of_nought_switch_everything_off(store: SampleStore, tmp_path: Path) -> None:
    service = DuplicateService(store, tmp_path / "index", CHECKER.extractor, DuplicateThresholds(0, 0))
    service.admit(written(1), "a")

    assert service.admit(written(1, id="copy"), "b") == []
    assert service.look(written(1)) == []


@pytest.mark.parametrize("is_full", [False, True])
def test_memory_is_bounded_while_the_background_thread_is_busy(
    duplicates: DuplicateService, store: SampleStore, is_full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicate_service, "_SAVE_FROM", 5)
    monkeypatch.setattr(duplicate_service, "_MOST_WAITING", 10)
    duplicates._most = 10
    tries: list[int] = []
    write = index_module._write_files

    def written_or_refused(*arguments: Any) -> None:
        tries.append(len(tries))
        if is_full:
            raise OSError(28, "No space left on device")
        write(*arguments)

    monkeypatch.setattr(index_module, "_write_files", written_or_refused)
    held = []
    for number in range(60):
        duplicates.admit(written(number), f"job {number}")
        store.add(written(number))
        held.append(max(duplicates._index.unsaved, len(duplicates._pending)))

    assert max(held) == (60 if is_full else 9)
    assert len(tries) == (3 if is_full else 6)
    with pytest.raises(QualityError, match="to s3, want below"):
        duplicates.admit({**written(3), "id": "again"}, "another job")
    assert len(duplicates._index) == 60
