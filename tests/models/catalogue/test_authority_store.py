"""Authorities that several machines share."""

from pathlib import Path

from models.catalogue.authority_store import AuthorityRow
from tests.databases import needs_postgresql
from tests.services.citations.authorities import opened

pytestmark = needs_postgresql
ROW = AuthorityRow("[2099]uksc1", "smith v jones", "Smith v Jones", "[2099] UKSC 1", "uk", "case", 2099, "mine")


def test_what_one_machine_imports_another_knows_at_its_next_check(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as one, opened("postgresql", tmp_path) as other:
        assert (other.with_key(ROW.key), other.with_name(ROW.name_key)) == ([], [])

        assert one.add([ROW]) == 1

        assert one.with_key(ROW.key) == [ROW]
        assert other.with_key(ROW.key) == other.with_name(ROW.name_key) == [ROW]
        assert (other.add([ROW, ROW]), other.count()) == (0, 1)


def test_answers_of_lookup_services_are_kept_for_all_machines(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as one, opened("postgresql", tmp_path) as other:
        one.remember("k", {"found": 1})
        other.remember("k", {"found": 2})

        assert one.remembered("k", 0) == {"found": 2}
        assert one.remembered("k", 4e9) is None
