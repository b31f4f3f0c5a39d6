"""Samples and answers name the model that was asked, whatever its server calls it."""

import json

from models.contract.bodies import GenerateRequest
from services.llm.adapters.base import Completion
from services.llm_service import Preference, Prompt, Terms
from tests.fakes import Start, scripted_llm
from tests.vendors.simulator import SimulatedVendor

PATH = "/root/models/SmolLM2-135M.gguf"


def test_sample_of_a_model_that_is_called_by_its_file_has_the_name_of_the_file(start: Start) -> None:
    with SimulatedVendor("openai", [PATH]) as server:
        platform = start({}, openai_base_url=server.url)
        wanted = GenerateRequest(
            practice_area="Tort Law", topic="Nuisance", difficulty="basic", provider="openai", model=PATH
        )
        sample = platform.generation.make(wanted).sample

    assert sample["model"] == "SmolLM2-135M.gguf"
    assert json.loads(str(sample["failover_chain"])) == ["openai/SmolLM2-135M.gguf: answered"]
    assert server.requests[0]["model"] == PATH


def test_answer_names_the_model_that_was_asked() -> None:
    llm, _ = scripted_llm({"groq": [Completion("Yes.", "", "local", 1, 1, "stop", {})]})

    answer = llm.complete(Prompt(({"role": "user", "content": "x"},)), Preference("groq"), Terms(max_wait_s=0.0))

    assert (answer.provider, answer.model) == ("groq", "openai/gpt-oss-120b")
