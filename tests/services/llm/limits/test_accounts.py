"""One limiter for each model or account, and what was used before the process began."""

from services.llm.routing.router import Target
from tests.fakes import CATALOGUE, provider_info, scripted_llm


def test_limit_of_an_account_holds_for_all_its_models() -> None:
    llm, _ = scripted_llm({"ollama": ["x"]})
    one, two = (Target(provider_info("ollama"), model) for model in CATALOGUE.models_of("ollama")[:2])

    assert llm.accounts.of(one) is llm.accounts.of(two)
