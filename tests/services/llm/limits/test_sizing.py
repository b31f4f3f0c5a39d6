"""How large calls are, and how many at a time are of use."""

from services.llm_service import Preference, Prompt, Terms
from tests.fakes import provider_info, scripted_llm

GROQ = provider_info("groq")

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)

NOW = Terms(max_wait_s=0.0)


def test_answer_is_capped_so_that_it_fits_the_minute() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.ask(Prompt(PROMPT.messages), Preference(), NOW)

    assert made["groq"].requests[0].max_tokens < GROQ.tokens_per_minute


def test_workers_follow_rate_times_latency() -> None:
    llm, _ = scripted_llm({"groq": ["fine"], "cerebras": ["fine"]})
    slow = llm.useful_workers(Preference("groq", allow_failover=False))
    target = llm.targets(Preference("cerebras"))[0]
    limiter = llm.accounts.of(target)
    limiter.minute.calls_limit, limiter.minute.tokens_limit = 600, None
    llm.sizes.took(target.name, 2.0)

    assert slow == 2  # 5,500 tokens a minute are two answers
    assert 30 <= llm.useful_workers(Preference("cerebras")) <= 34
