from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract.bodies import RetrieveBody
from models.grounding.document import Page
from services.grounding.retrieval_service import RetrievalService
from services.grounding.titles import title_of
from tests.services.grounding.shelves import Shelf
from tests.vendors.moorings import ACT


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Harbours and Moorings Act 2021\n\n1 Licence\n", "Harbours and Moorings Act 2021"),
        ("\n\n  HARBOURS ACT (NORTHERN IRELAND) 2002\n", "HARBOURS ACT (NORTHERN IRELAND) 2002"),
        ("STATUTORY INSTRUMENTS\n2019 No. 12\nThe Quay Dues Regulations 2019\n", "The Quay Dues Regulations 2019"),
        ("2021 CHAPTER 4\nPilots' Licensing Order\n", "Pilots' Licensing Order"),
        ("LEASE AGREEMENT\n\n1. Rent\n", "LEASE AGREEMENT"),
        ("Convention on the Marking of Buoys\n", "Convention on the Marking of Buoys"),
        ("Directive 2011/83/EU of the European Parliament\n", "Directive 2011/83/EU of the European Parliament"),
        ("Title: Rules of the Yacht Club\nDate: 2020\n", "Rules of the Yacht Club"),
        ('---\ntitle: "Port Charter"\n---\nText.\n', "Port Charter"),
        ("The landlord and the tenant sign this lease\n", "note"),
        ("This Agreement\n", "note"),
        ("See the Harbours Act 2021\n", "note"),
        ("1 The Harbours Act 2021\n", "note"),
        ("Arrangement of Regulations\n", "note"),
        ("It is made under the Harbours Act 2021.\n", "note"),
        ("Notes of a lecture\nHarbours Act 2021\n", "note"),
        ("Order\n", "note"),
        ("", "note"),
    ],
)
def test_a_first_line_is_the_title_only_where_it_can_be_nothing_else(text: str, title: str) -> None:
    assert title_of([Page(text)], "note.txt") == title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Public Order Act 2023.txt", "Public Order Act 2023"),
        ("Public_Order_Act_2023.PDF", "Public Order Act 2023"),
        ("Smith v. Jones", "Smith v. Jones"),
        ("Act No.12", "Act No.12"),
        (".txt", ".txt"),
    ],
)
def test_a_document_without_a_title_is_called_by_its_name_without_extension(name: str, title: str) -> None:
    assert title_of([Page("Some words.\n")], name) == title


@given(st.lists(st.text(max_size=200)), st.text(min_size=1, max_size=40).filter(str.strip))
def test_every_document_gets_a_title_on_one_line_of_bounded_length(texts: list[str], name: str) -> None:
    title = title_of([Page(text) for text in texts], name)

    assert title
    assert len(title) <= 120
    assert title == name or "\n" not in title


@pytest.mark.parametrize(
    ("name", "head", "told"),
    [
        ("Moorings Act 2021.txt", "", {}),
        ("upload.txt", "Moorings Act 2021\n\n", {}),
        ("upload.txt", "Harbours Act 1999\n\n", {"title": "Moorings Act 2021"}),
    ],
    ids=["by-its-name", "by-its-first-line", "as-its-sender-says"],
)
def test_citations_of_an_upload_resolve_by_its_title(
    tmp_path: Path, name: str, head: str, told: dict[str, str]
) -> None:
    with Shelf(tmp_path) as shelf:
        shelf.add(head + ACT, name, **told)
        retrieval = RetrievalService(shelf.store, shelf.passages, shelf.vectors, lambda: None)
        rows, _ = retrieval.retrieve(RetrieveBody(query="What does section 2 of the Moorings Act 2021 say?"))

    assert (rows[0]["title"], rows[0]["number"], rows[0]["is_cited"]) == ("Moorings Act 2021", "2", True)
