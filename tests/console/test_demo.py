"""The demo, and which provider it takes."""

import json
from pathlib import Path

import pytest

from config import Settings
from console.demo import answers, choose_provider, run_demo
from console.temporary_server import client_for
from console.transfer import upload_document
from tests.console.stub import Stub
from tests.console.terminal import console, text_of
from tests.e2e.server import free_port
from tests.fakes import settings_for
from tests.vendors.lawyer import write_grounded
from tests.vendors.simulator import SimulatedVendor
from utils.errors import ConfigurationError, GenerationError


def test_demo_uses_the_key_that_is_set_and_shows_three_samples(with_groq: Settings) -> None:
    shown = console()

    run_demo(with_groq, shown)

    said = text_of(shown)
    assert "Provider: groq" in said
    assert "embedded model" not in said
    assert said.count("groq · openai/gpt-oss-120b") == 3
    assert str(with_groq.data_dir / "train.parquet") in said


def test_demo_stands_on_the_law_that_is_at_hand_and_shows_it_beside_each_sample(
    with_groq: Settings, vendor: SimulatedVendor
) -> None:
    act = (
        "Section 1. Damages for breach of contract\n"
        "A party who breaks a contract must pay damages to the other party within 30 days of the breach.\n"
        "Section 2. Formation of contracts\n"
        "A contract is formed only if both parties must give consideration for the promise of the other.\n"
    )
    (with_groq.data_dir / "act.txt").write_text(act)
    told = {"title": "Contracts (Breach) Act 2021", "jurisdiction": "uk"}
    with client_for(with_groq, None, with_groq.data_dir / "before.log") as client:
        assert upload_document(client, with_groq.data_dir / "act.txt", told, console())["status"] == "ready"
    vendor.content = lambda prompt, number: json.dumps(write_grounded(prompt, number)[0])
    shown = console()

    run_demo(with_groq, shown)

    said = text_of(shown)
    assert "stand on your documents of the United Kingdom (1)" in said
    assert said.count("Contracts (Breach) Act 2021, s ") >= 3


def test_demo_that_falls_short_says_why(with_groq: Settings, vendor: SimulatedVendor) -> None:
    from tests.vendors.simulator import error

    vendor.fault = lambda number, body: error(401, "Invalid API Key", "invalid_api_key")

    with pytest.raises(GenerationError, match="ended with 0 of 3 samples"):
        run_demo(with_groq, console())


def test_provider_of_the_demo_is_the_best_that_is_set_up(tmp_path: Path) -> None:
    assert choose_provider(settings_for(tmp_path)) == "local"
    assert choose_provider(settings_for(tmp_path, ollama_host="http://127.0.0.1:11434")) == "ollama"
    assert choose_provider(settings_for(tmp_path, openai_base_url="http://127.0.0.1:1/v1")) == "openai"
    assert choose_provider(settings_for(tmp_path, cerebras_api_key="csk-1")) == "cerebras"
    assert choose_provider(settings_for(tmp_path, cerebras_api_key="csk-1", default_provider="local")) == "local"


def test_server_of_the_users_own_that_does_not_answer_is_passed_over(tmp_path: Path, vendor: SimulatedVendor) -> None:
    shown = console()
    dead = f"http://127.0.0.1:{free_port()}"

    assert choose_provider(settings_for(tmp_path, ollama_host=dead), shown) == "local"
    assert f"ollama: nothing answers at {dead}" in text_of(shown)
    assert choose_provider(settings_for(tmp_path, ollama_host=vendor.url), shown) == "ollama"


def test_provider_that_is_set_as_default_is_taken_without_asking_whether_it_answers(tmp_path: Path) -> None:
    shown = console()
    dead = f"http://127.0.0.1:{free_port()}"

    assert choose_provider(settings_for(tmp_path, default_provider="ollama", ollama_host=dead), shown) == "ollama"
    assert text_of(shown) == ""


def test_vendor_with_a_key_is_taken_without_asking_whether_it_answers(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}"

    chosen = choose_provider(settings_for(tmp_path, groq_api_key="gsk_test_0123456789", groq_base_url=dead), console())

    assert chosen == "groq"


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_whatever_speaks_http_answers(stub: Stub, status: int) -> None:
    stub.says("x", b"", status=status)

    assert answers(f"{stub.url}/api/x")
    assert len(stub.asked) == 1  # a redirect is an answer, and is not followed


def test_demo_with_the_embedded_model_says_what_it_is_worth_before_it_is_fetched(folder: Path) -> None:
    shown = console()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        run_demo(settings_for(folder, local_model=str(folder / "nowhere.gguf")), shown)

    assert "1. Provider: local" in text_of(shown)
    assert "It proves the installation and is not training data" in text_of(shown)
    assert "2. Starting the server" not in text_of(shown)
