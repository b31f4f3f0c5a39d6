"""`cli.py ask` against a real service: words, sources, documents, errors, a connection that breaks off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from console.asking import answered
from console.client import Client, RequestRefusedError
from tests.e2e.server import RunningServer
from tests.vendors.dripping import MODEL, DrippingVendor

WORDS = [f"word{number} " for number in range(20)]
ACT = "Harbours Act 2021\n\n1 Title\nIt may be cited as the Harbours Act 2021.\n\n2 Licences\nA boat needs a licence.\n"


@pytest.fixture(scope="module")
def vendor() -> Iterator[DrippingVendor]:
    with DrippingVendor(WORDS, 0.0) as dripping:
        yield dripping


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, vendor: DrippingVendor) -> Iterator[RunningServer]:
    settings = {"openai_base_url": vendor.url, "openai_api_key": "k", "embedder": "off"}
    with RunningServer(tmp_path_factory.mktemp("asking"), **settings) as running:
        yield running


def asked(server: RunningServer, query: str, docs: tuple[Path, ...] = (), **wanted: object) -> tuple[bool, str]:
    console = Console(width=200, record=True, quiet=False, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    client = Client(f"http://127.0.0.1:{server.port}")
    with console.file:
        done = answered(client, {"query": query, **wanted}, docs, console, shows_thoughts=False)
        return done, console.export_text()


def test_answer_is_shown_word_by_word(server: RunningServer) -> None:
    done, shown = asked(server, "hello there", model_provider="openai", model_name=MODEL)

    assert done
    assert "".join(WORDS).strip() in shown


def test_document_is_taken_in_once_and_cited(server: RunningServer, tmp_path: Path) -> None:
    path = tmp_path / "act.txt"
    path.write_text(ACT)

    shown = [asked(server, "Does a boat need a licence?", (path,))[1] for _ in range(2)]

    assert all("A boat needs a licence." in text and "(proved)" in text for text in shown)
    assert server.get("files")["total"] == 1


def test_offer_tells_how_to_answer_it(server: RunningServer) -> None:
    _, shown = asked(server, "generate 20 expert samples on trusts")

    assert "Answer with --session sess_" in shown
    assert "yes, no" in shown


def test_what_is_refused_says_why(server: RunningServer) -> None:
    with pytest.raises(RequestRefusedError, match="file_ids: 'doc_0' is not here"):
        asked(server, "what does s 9 say?", file_ids=["doc_0"])


def test_failure_is_told_and_is_no_success(server: RunningServer) -> None:
    done, shown = asked(server, "what does s 9 say?", use_rag=False, answer_mode="docs_only")

    assert not done
    assert "Error: answer_mode: docs_only needs use_rag" in shown
