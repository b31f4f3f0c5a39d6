"""The service with REDIS_URL: what is shared, and what the parts of health say."""

import pytest

from bootstrap import Service
from services.llm.limits.shared.budget import SharedBudget
from services.llm.limits.shared.rounds import SharedState
from services.llm_service import Preference
from tests.fakes import Start, good_answer, run
from tests.patience import until
from tests.redis_server import RedisServer


@pytest.fixture
def service(start: Start, redis_server: RedisServer) -> Service:
    return start({"groq": [good_answer]}, redis_url=redis_server.url, max_tokens_per_day=10**6)


def test_account_of_a_vendor_is_shared_and_the_embedded_model_is_not(service: Service) -> None:
    llm = service.llm
    groq = llm.targets(Preference("groq"))[0]

    assert llm.accounts.of(groq).lease is not None
    until(lambda: llm.shared == SharedState(is_joined=True, processes=1))
    assert isinstance(llm.daily, SharedBudget)
    embedded = [target for target in llm.chooser.everybody() if target.provider.adapter == "local"]
    assert all(llm.accounts.of(target).lease is None for target in embedded)


def test_ready_says_who_shares_limits(service: Service, redis_server: RedisServer) -> None:
    service.llm.accounts.of(service.llm.targets(Preference("groq"))[0])
    until(lambda: redis_server.client.zcard("ltp:live") == 1)

    until(lambda: service.health.ready()["parts"]["limits"] == {"ok": True, "detail": "shared by 1"})


def test_batch_is_generated_through_the_ledger(service: Service, redis_server: RedisServer) -> None:
    batch = run(service, count=3)

    assert batch["progress"] == 3
    keys = [str(key) for key in redis_server.client.scan_iter("ltp:{groq*}:state")]
    assert sum(int(redis_server.client.hget(key, "calls1") or 0) for key in keys) >= 3


def test_process_that_ends_says_goodbye(service: Service, redis_server: RedisServer) -> None:
    service.llm.accounts.of(service.llm.targets(Preference("groq"))[0])
    until(lambda: redis_server.client.zcard("ltp:live") == 1)

    service.close()

    assert redis_server.client.zcard("ltp:live") == 0


def test_without_redis_url_nothing_is_shared(start: Start) -> None:
    llm = start({}).llm

    assert llm.shared is None
    assert llm.accounts.of(llm.targets(Preference("groq"))[0]).lease is None
    assert not isinstance(llm.daily, SharedBudget)
