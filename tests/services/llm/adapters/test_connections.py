"""How many connections calls take, counted by a real server: each is opened once and used again."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import services.llm.providers
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, CompletionRequest, ProviderConfig
from tests.services.llm.adapters.test_transport import NAME, certificate
from tests.vendors.simulator import SimulatedVendor, _Connection
from tests.vendors.wire import ADAPTERS, vendor_error
from utils.addresses import AddressRule
from utils.errors import GenerationError
from utils.plugins import find_specs

SPECS = {spec.id: spec for spec in find_specs(services.llm.providers, AdapterSpec)}
ASK = CompletionRequest("m1", ({"role": "user", "content": "hi"},), timeout_s=300)
# More than libraries keep idle by themselves.
AT_ONCE = 110
ROUNDS = 2


class Vendor(SimulatedVendor):
    """Answers when `together` calls are there; behind TLS, if it has a certificate."""

    def __init__(self, kind: str, pem: Path | None) -> None:
        super().__init__(kind)
        self.together = 1
        self._barrier: asyncio.Barrier | None = None
        self._context = None if pem is None else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self._context is not None and pem is not None:
            self._context.load_cert_chain(pem)

    async def serve(self, port: int) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", port, backlog=1024, ssl=self._context
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    @property
    def url(self) -> str:
        return super().url if self._context is None else super().url.replace("http://", "https://")

    async def _work(self, arrived: float) -> None:
        if self._barrier is None or self._barrier.parties != self.together:
            self._barrier = asyncio.Barrier(self.together)
        await self._barrier.wait()


@pytest.fixture(params=["plain", "tls"])
def is_secure(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "tls")


@pytest.fixture(params=["own address", "address from the network"])
def is_own(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "own address")


@pytest.fixture
def vendor(adapter_id: str, is_secure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with Vendor(ADAPTERS[adapter_id].kind, pem if is_secure else None) as simulated:
        assert isinstance(simulated, Vendor)
        yield simulated


@pytest.fixture
def provider(adapter_id: str, vendor: Vendor, is_own: bool) -> Iterator[BaseLLMProvider]:
    rule = None if is_own else AddressRule(True, lambda _: ["127.0.0.1"])
    url = vendor.url if is_own else vendor.url.replace("127.0.0.1", NAME)
    made = SPECS[adapter_id].factory(ProviderConfig(adapter_id, url, "key-123", timeout_s=300, rule=rule))
    yield made
    made.close()


@pytest.mark.parametrize("adapter_id", ["groq", "openai_compatible"])  # one of each generation of the library
def test_crowd_of_calls_opens_a_connection_each_and_uses_them_again(provider: BaseLLMProvider, vendor: Vendor) -> None:
    vendor.together = AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(ROUNDS):
            answers = list(pool.map(lambda _: provider.complete(ASK).text, range(AT_ONCE)))
            assert all(answers)
    assert (vendor.received, vendor.connections) == (AT_ONCE * ROUNDS, AT_ONCE)


@pytest.mark.parametrize("adapter_id", sorted(ADAPTERS))
@pytest.mark.parametrize("is_own", [True])
@pytest.mark.parametrize("is_secure", [False])
def test_calls_lists_streams_and_refusals_one_after_the_other_share_a_connection(
    provider: BaseLLMProvider, vendor: Vendor
) -> None:
    def refused() -> None:
        vendor.fault = lambda _number, _body: vendor_error(vendor.kind, 429, "slow down")
        with pytest.raises(GenerationError):
            provider.complete(ASK)
        vendor.fault = lambda _number, _body: None

    # Else another thread might call before this one has read out its stream.
    provider._threads.afterwards = lambda work: work()  # type: ignore[method-assign]
    for _ in range(ROUNDS):
        provider.list_models()
        assert provider.complete(ASK).text
        assert provider.complete(replace(ASK, listener=lambda _kind, _piece: None)).text
        refused()
    assert vendor.connections == 1


@pytest.mark.parametrize("adapter_id", ["groq", "openai_compatible"])
@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("is_secure", [False])
@pytest.mark.parametrize(("pause_s", "opened"), [(50, 1), (60, 2)])
def test_connection_is_kept_for_slow_batches_and_given_up_before_servers_do(
    provider: BaseLLMProvider, vendor: Vendor, pause_s: float, opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.complete(ASK)
    core = "httpcore2" if provider.config.id == "openai_compatible" else "httpcore"
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + pause_s)
    monkeypatch.setattr(f"{core}._sync.http11.time", later)
    provider.complete(ASK)
    assert vendor.connections == opened
