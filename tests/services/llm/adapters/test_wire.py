"""Requests made as the vendor's client makes them, and what it makes of their failures."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.llm.adapters.base import BaseLLMProvider, CompletionRequest, ProviderConfig
from services.llm.adapters.transport import transports
from services.llm.adapters.wire import Wire
from tests.services.llm.adapters.test_adapters import SPECS
from tests.vendors.simulator import Reply, SimulatedVendor
from tests.vendors.wire import ADAPTERS
from utils.addresses import AddressRule
from utils.errors import GenerationError

SHAPED = ("groq", "cerebras", "openai_compatible", "anthropic")
ASK = CompletionRequest("m1", ({"role": "user", "content": "hi"},), timeout_s=60)
OTHER = CompletionRequest("m2", ({"role": "user", "content": "another, longer question"},), timeout_s=60)


@pytest.fixture(params=SHAPED)
def vendor(request: pytest.FixtureRequest) -> Iterator[SimulatedVendor]:
    with SimulatedVendor(ADAPTERS[request.param].kind, ["m1"]) as simulated:
        simulated.adapter = request.param  # type: ignore[attr-defined]  # for `made`
        yield simulated


def made(vendor: SimulatedVendor, url: str = "") -> BaseLLMProvider:
    adapter: str = vendor.adapter  # type: ignore[attr-defined]
    return SPECS[adapter].factory(ProviderConfig(adapter, url or vendor.url, "a key"))


def test_further_requests_are_those_of_the_client_but_for_their_body(vendor: SimulatedVendor) -> None:
    with closing(made(vendor)) as provider:
        answers = [provider.complete(request) for request in (ASK, OTHER, OTHER)]

    first, *others = [{k: v for k, v in headers.items() if k != "content-length"} for headers in vendor.headers]
    assert all(other == first for other in others)
    assert [body["model"] for body in vendor.requests] == ["m1", "m2", "m2"]
    assert len(set(vendor.paths)) == 1
    assert [answer.text for answer in answers] == [answers[0].text] * 3
    assert answers[0].headers.keys() == answers[1].headers.keys()
    assert vendor.connections == 1


def test_client_is_asked_once_for_each_deadline(vendor: SimulatedVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(made(vendor)) as provider:
        provider.prepare()
        posts: list[object] = []
        client = provider._client()
        post = client.post

        def noted(*arguments: object, **options: object) -> object:
            posts.append(options["options"])
            return post(*arguments, **options)

        monkeypatch.setattr(client, "post", noted)
        for timeout_s in (60.0, 60.0, 30.0, 30.0, 60.0):
            provider.complete(CompletionRequest("m1", ASK.messages, timeout_s=timeout_s))

    assert posts == [{"timeout": 60.0}, {"timeout": 30.0}]


@pytest.mark.parametrize("fault", ["400_decommissioned", "401", "404", "429", "429_hint", "502", "200_error", "reset"])
def test_failure_is_told_as_the_client_tells_it(vendor: SimulatedVendor, fault: str) -> None:
    errors = []
    for answers_before in (0, 1):
        with closing(made(vendor)) as provider:
            vendor.behaviour.down = ""
            for _ in range(answers_before):
                provider.complete(ASK)
            vendor.behaviour.down = fault
            with pytest.raises(GenerationError) as raised:
                provider.complete(ASK)
        errors.append(raised.value)
    by_client, by_wire = errors

    assert type(by_wire) is type(by_client)
    assert (by_wire.category, by_wire.status, by_wire.retry_after_s) == (
        by_client.category,
        by_client.status,
        by_client.retry_after_s,
    )
    assert by_wire.headers.keys() == by_client.headers.keys()
    assert str(by_wire) == str(by_client)


def test_redirect_is_refused_as_by_the_client(vendor: SimulatedVendor) -> None:
    vendor.fault = lambda number, _body: Reply(302, b"", {"location": "http://10.0.0.1/"}) if number > 1 else None
    with closing(made(vendor)) as provider:
        provider.complete(ASK)
        with pytest.raises(GenerationError, match=r"the answer is a redirect to 10\.0\.0\.1"):
            provider.complete(ASK)


class Held:
    """A transport whose calls are answered when as many as `together` are there."""

    together = threading.Barrier(20)

    def __init__(self) -> None:
        self.calls = 0
        self.is_closed = False

    def handle_request(self, request: Any) -> Any:
        self.calls += 1
        self.together.wait()
        return request

    def close(self) -> None:
        self.is_closed = True


def test_connections_that_a_crowd_needed_are_closed_once_they_were_idle_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Held] = []

    def make() -> Held:
        made.append(Held())
        return made[-1]

    request = cast(Any, SimpleNamespace(headers=SimpleNamespace(raw=[])))
    with Wire(make, "httpx") as wire:
        with ThreadPoolExecutor(20) as crowd:
            list(crowd.map(wire.handle_request, [request] * 20))
        assert [one.calls for one in made] == [1] * 20
        monkeypatch.setattr(Held, "together", threading.Barrier(1))
        closed = []
        for pause_s in (50, 60, 60):
            later = SimpleNamespace(monotonic=lambda pause_s=pause_s: time.monotonic() + pause_s)
            monkeypatch.setattr("services.llm.adapters.wire.time", later)
            wire.handle_request(request)
            closed.append(sum(one.is_closed for one in made))
    assert closed == [0, 19, 19]
    assert all(one.is_closed for one in made)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_pools_share_the_certificates(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    http = import_module(library)
    made: list[object] = []
    real = http.create_ssl_context

    def noted() -> object:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(f"{library}.create_ssl_context", noted)
    make = transports(
        library, ProviderConfig("own", "https://vendor.example", "key", rule=AddressRule(True, lambda _: []))
    )
    for _ in range(3):
        make().close()
    assert len(made) == 1
