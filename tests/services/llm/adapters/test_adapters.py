"""All adapters, with the vendors' real clients, against a simulated vendor on loopback."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

import services.llm.providers
from config import PROJECT_DIR
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, CompletionRequest, Piece, ProviderConfig
from tests.services.drafts.planted_thoughts import FIELDS, TEXTS, Planted
from tests.vendors.simulator import HTML_502, Reply, SimulatedVendor, error
from tests.vendors.wire import ADAPTERS, vendor_error
from utils.addresses import AddressRule
from utils.cancellation import CancelToken
from utils.errors import CancelledError, GenerationError
from utils.plugins import find_specs

SPECS = {spec.id: spec for spec in find_specs(services.llm.providers, AdapterSpec)}
KINDS = {adapter: wire.kind for adapter, wire in ADAPTERS.items()}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
ASK = CompletionRequest(
    "m1", ({"role": "user", "content": "hi"},), max_tokens=123, timeout_s=60, seed=2**40 + 3, schema=SCHEMA
)


def key_of(adapter: str, vendor: SimulatedVendor) -> str:
    """Return the key that *vendor* was sent first."""
    name, before = ADAPTERS[adapter].key
    assert vendor.headers[0][name].startswith(before)
    return vendor.headers[0][name].removeprefix(before)


@pytest.fixture(params=sorted(KINDS))
def adapter_id(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def vendor(adapter_id: str) -> Iterator[SimulatedVendor]:
    with SimulatedVendor(KINDS[adapter_id], ["m1", "whisper-x"]) as simulated:
        simulated.content = lambda prompt, number: '{"a": "b"}'
        yield simulated


@contextmanager
def made(adapter: str, url: str, **config: Any) -> Iterator[BaseLLMProvider]:
    provider = SPECS[adapter].factory(ProviderConfig(adapter, url, **{"api_key": "key-123", **config}))
    yield provider
    provider.close()


@pytest.fixture
def provider(adapter_id: str, vendor: SimulatedVendor) -> Iterator[BaseLLMProvider]:
    with made(adapter_id, vendor.url, timeout_s=60) as provider:
        yield provider


def test_one_attempt_is_one_request_with_everything_that_was_asked(
    provider: BaseLLMProvider, vendor: SimulatedVendor, adapter_id: str
) -> None:
    answer = provider.complete(ASK)

    assert (answer.text, answer.prompt_tokens, answer.completion_tokens, answer.finish_reason) == (
        '{"a": "b"}',
        len(ASK.messages[0]["content"]) // 4,
        2,
        "stop",
    )
    assert vendor.paths == [vendor.paths[0]]
    body = vendor.requests[0]
    options = body.get("options") or body.get("generationConfig") or body
    sent_cap = options.get("max_completion_tokens") or options.get("max_tokens") or options.get("num_predict")
    sent_cap = sent_cap or options.get("maxOutputTokens")
    assert sent_cap == 123
    lacks = ADAPTERS[adapter_id].lacks
    assert "seed" in lacks or 0 <= options["seed"] < 2**31
    assert "schema" in lacks or "'required': ['a']" in str(body)
    assert key_of(adapter_id, vendor) == "key-123"
    assert "content-length" in answer.headers


def test_construction_touches_no_network(adapter_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("network I/O in a constructor")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with made(adapter_id, "http://127.0.0.1:9") as provider:
        assert provider._client() is provider._client()


@pytest.mark.parametrize(
    ("reply", "category"),
    [
        pytest.param(error(400, "bad field", "wrong_api_format"), "bad_request", id="400"),
        pytest.param(
            error(400, "The model `m1` has been decommissioned", "model_decommissioned"),
            "model_unavailable",
            id="400-decommissioned",
        ),
        pytest.param(error(401, "Invalid API Key", "invalid_api_key"), "authentication", id="401"),
        pytest.param(
            error(403, "model is blocked", "model_permission_blocked_org"), "model_unavailable", id="403-model"
        ),
        pytest.param(
            error(404, "The model `m1` does not exist", "model_not_found", flat=True),
            "model_unavailable",
            id="404-flat",
        ),
        pytest.param(error(408, "late"), "timeout", id="408"),
        pytest.param(
            error(413, "Request too large on tokens per minute (TPM)", "rate_limit_exceeded"), "rate_limit", id="413"
        ),
        pytest.param(error(429, "slow down", "rate_limit_exceeded", {"retry-after": "17"}), "rate_limit", id="429"),
        pytest.param(error(498, "flex is full", "capacity_exceeded"), "model_unavailable", id="498"),
        pytest.param(error(500, "oops"), "server_error", id="500"),
        pytest.param(Reply(502, HTML_502, {"content-type": "text/html"}), "server_error", id="502-html"),
        pytest.param(error(503, "queue"), "server_error", id="503"),
        pytest.param(Reply(cut=True, body={"x": "y" * 400}), "connection_error", id="connection-cut"),
        pytest.param(Reply(200, b""), "json_error", id="200-empty"),
        pytest.param(Reply(200, b"<html>login</html>", {"content-type": "text/html"}), "json_error", id="200-html"),
    ],
)
def test_failure_is_one_request_and_one_typed_error(
    provider: BaseLLMProvider, vendor: SimulatedVendor, reply: Reply, category: str
) -> None:
    vendor.fault = lambda number, body: reply

    with pytest.raises(GenerationError) as caught:
        provider.complete(ASK)

    allowed = {category} | ({"general"} if category == "json_error" else set())
    assert caught.value.category in allowed
    assert (caught.value.provider, caught.value.model) == (provider.config.id, "m1")
    assert vendor.calls == 1
    if reply.headers.get("retry-after"):
        assert caught.value.retry_after_s == 17
    assert "key-123" not in str(caught.value)


def test_error_inside_a_200_is_an_error(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    vendor.fault = lambda number, body: Reply(
        200, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, "status_code": 429}
    )

    with pytest.raises(GenerationError) as caught:
        provider.complete(ASK)

    assert caught.value.category == "rate_limit"


def test_dripping_answer_ends_at_the_total_deadline(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    vendor.fault = lambda number, body: Reply(200, b" " * 5000, drip=True)

    with pytest.raises(GenerationError) as caught:
        provider.complete(CompletionRequest("m1", ASK.messages, timeout_s=0.2))

    assert caught.value.category == "timeout"


def test_hanging_call_is_left_at_once_when_cancelled(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    vendor.fault = lambda number, body: Reply(hang=True)
    cancel = CancelToken()
    threading.Timer(0.1, cancel.cancel).start()

    with pytest.raises(CancelledError):
        provider.complete(ASK, cancel)


def test_port_without_a_server_is_a_connection_error(adapter_id: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with (
            made(adapter_id, f"http://127.0.0.1:{probe.getsockname()[1]}") as dead,
            pytest.raises(GenerationError) as caught,
        ):
            dead.complete(ASK)

    assert (caught.value.category, caught.value.scope.value) == ("connection_error", "provider")


def test_reasoning_is_kept_apart_from_the_answer(
    provider: BaseLLMProvider, vendor: SimulatedVendor, adapter_id: str
) -> None:
    if "reasoning" in ADAPTERS[adapter_id].lacks:
        pytest.skip("its wire has no reasoning")
    name = "thinking" if adapter_id == "ollama" else "reasoning"
    vendor.fault = lambda number, body: vendor.completion(body, number, "answer", **{name: "I thought"})

    answer = provider.complete(ASK)

    assert (answer.text, answer.thinking) == ("answer", "I thought")


@pytest.mark.parametrize("planted", TEXTS, ids=lambda planted: planted.name)
def test_no_thought_is_in_a_streamed_piece_nor_in_the_text(
    provider: BaseLLMProvider, vendor: SimulatedVendor, planted: Planted
) -> None:
    vendor.content = lambda prompt, number: planted.text
    told: list[tuple[Piece, str]] = []
    people = replace(ASK, schema=None, may_be_cut=True)

    streamed = provider.complete(replace(people, listener=lambda kind, piece: told.append((kind, piece))))
    whole = provider.complete(people)

    assert (whole.text, whole.thinking) == (streamed.text, streamed.thinking) == (planted.answer, planted.thought)
    assert "".join(piece for kind, piece in told if kind == "token") == planted.answer
    assert "".join(piece for kind, piece in told if kind == "thought") == planted.thought
    assert (streamed.thought_s is None, whole.thought_s) == (False, None)


def test_raw_answer_of_a_sample_is_kept_whole(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    vendor.content = lambda prompt, number: TEXTS[0].text

    assert provider.complete(ASK).text == TEXTS[0].text


@pytest.mark.parametrize("planted", FIELDS, ids=lambda planted: planted.name)
def test_thoughts_in_fields_and_tags_are_one(planted: Planted) -> None:
    delta, told = {"choices": [{"delta": planted.message}]}, []
    usage = {"prompt_tokens": 9, "completion_tokens": 8, "completion_tokens_details": {"reasoning_tokens": 7}}
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": usage}
    body = {"choices": [{"message": planted.message, "finish_reason": "stop"}], "usage": usage}
    chunks = tuple(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in (delta, last))
    people = replace(ASK, schema=None, may_be_cut=True)

    with SimulatedVendor("openai", ["m1"]) as vendor, made("openai_compatible", vendor.url) as provider:
        vendor.fault = lambda number, body_: Reply(chunks=chunks) if body_.get("stream") else Reply(200, body)
        streamed = provider.complete(replace(people, listener=lambda kind, piece: told.append((kind, piece))))
        whole = provider.complete(people)

    assert (whole.text, whole.thinking) == (streamed.text, streamed.thinking) == (planted.answer, planted.thought)
    assert "".join(piece for kind, piece in told if kind == "token") == planted.answer
    assert (whole.reasoning_tokens, streamed.reasoning_tokens) == (7, 7)


def test_models_are_listed(provider: BaseLLMProvider, adapter_id: str) -> None:
    assert provider.list_models() == (["m1"] if adapter_id == "groq" else ["m1", "whisper-x"])


@pytest.mark.parametrize(("adapter", "suffix"), [("groq", "/openai/v1"), ("groq", "/openai/v1/"), ("cerebras", "/v1")])
def test_version_in_a_base_url_is_not_doubled(adapter: str, suffix: str) -> None:
    with SimulatedVendor(KINDS[adapter]) as vendor:
        vendor.content = lambda prompt, number: "fine"
        with made(adapter, vendor.url + suffix) as provider:
            assert provider.complete(ASK).text == "fine"


def test_ollamas_key_never_reaches_a_server_of_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "cloud-secret")
    with SimulatedVendor("ollama") as vendor:
        vendor.content = lambda prompt, number: "fine"
        with made("ollama", vendor.url, api_key="") as provider:
            provider.complete(ASK)

        assert "cloud-secret" not in str(vendor.headers)


def test_prompt_that_ollama_cut_is_refused() -> None:
    with SimulatedVendor("ollama") as vendor:
        vendor.content = lambda prompt, number: "fine"
        with (
            made("ollama", vendor.url, api_key="") as provider,
            pytest.raises(GenerationError, match="prompt was cut to 50 tokens"),
        ):
            provider.complete(CompletionRequest("m1", ({"role": "user", "content": "w" * 400},), context_tokens=50))
        assert vendor.requests[0]["options"]["num_ctx"] == 50


def test_cloud_models_lose_their_suffix_only_in_the_cloud() -> None:
    from services.llm.providers.ollama import CLOUD_HOST, OllamaProvider

    cloud = OllamaProvider(ProviderConfig("ollama", CLOUD_HOST, api_key="k"))
    own = OllamaProvider(ProviderConfig("ollama", "http://127.0.0.1:11434"))

    assert cloud._bare("gpt-oss:120b-cloud") == "gpt-oss:120b"
    assert cloud._bare("kimi:cloud") == "kimi"
    assert own._bare("gpt-oss:120b-cloud") == "gpt-oss:120b-cloud"


def test_newer_name_of_the_cap_goes_to_openai_itself() -> None:
    with made("openai_compatible", "https://api.openai.com/v1") as provider:
        provider._client()

        assert "max_completion_tokens" in provider._body(ASK)  # type: ignore[attr-defined]


def test_clients_are_not_imported_before_they_are_used() -> None:
    names = "('groq', 'openai', 'ollama', 'cerebras', 'huggingface_hub', 'anthropic', 'google.genai')"
    code = f"import bootstrap, sys; print([m for m in {names} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_DIR, check=True)

    assert done.stdout.strip() == "[]"


def streamed(kind: str, url: str) -> str:
    """Read a stream of vendor *kind* with the vendor's own client."""
    from cerebras.cloud.sdk import Cerebras
    from groq import Groq
    from ollama import Client
    from openai import OpenAI

    messages: list[Any] = [{"role": "user", "content": "hello"}]
    if kind == "ollama":
        own = Client(host=url)
        with closing(own._client):
            return "".join(answer.message.content or "" for answer in own.chat("m", messages, stream=True))
    makers: dict[str, Any] = {"groq": Groq, "cerebras": Cerebras, "openai": OpenAI}
    quiet = {"warm_tcp_connection": False} if kind == "cerebras" else {}
    with makers[kind](api_key="k", base_url=url, **quiet) as client:
        chunks = client.chat.completions.create(model="m", messages=messages, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


@pytest.mark.parametrize("kind", ["groq", "cerebras", "openai", "ollama"])
def test_simulated_vendor_streams_as_its_client_expects(kind: str) -> None:
    with SimulatedVendor(kind, ["m"]) as vendor:
        vendor.content = lambda prompt, number: "a text of some length, in pieces"

        assert streamed(kind, vendor.url) == "a text of some length, in pieces"


# --- where calls go --------------------------------------------------------------------------

HEARD = CompletionRequest("m1", ASK.messages, timeout_s=60, listener=lambda kind, text: None)
WAYS: dict[str, Callable[[BaseLLMProvider], object]] = {
    "whole": lambda provider: provider.complete(ASK),
    "streamed": lambda provider: provider.complete(HEARD),
    "models": lambda provider: provider.list_models(60),
}


def answering(vendor: SimulatedVendor, reply: Reply) -> None:
    """Let *vendor* answer everything with *reply*."""
    vendor.fault, vendor.listing = (lambda number, body: reply), reply


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed_and_nothing_of_it_is_shown(
    provider: BaseLLMProvider, vendor: SimulatedVendor, status: int, way: str
) -> None:
    with SimulatedVendor("openai", ["inside"]) as inside:
        target = f"http://user:pw@{urlsplit(inside.url).netloc}/latest/meta-data/?a=b"
        answering(vendor, Reply(status, b"begin of a page", {"location": target}))

        with pytest.raises(GenerationError) as caught:
            WAYS[way](provider)

        assert inside.connections == 0
    error = caught.value
    assert (error.category, error.status, error.provider) == ("connection_error", status, provider.config.id)
    assert f"redirect to 127.0.0.1 (status {status})" in str(error)
    assert not any(part in str(error) for part in ("begin", "meta-data", "pw", "a=b"))


def test_redirect_of_the_embedded_engine_is_not_followed() -> None:
    with SimulatedVendor("openai", ["m1"]) as vendor, SimulatedVendor("openai", ["m1"]) as inside:
        vendor.fault = lambda number, body: Reply(307, b"", {"location": inside.url})
        engine = SimpleNamespace(
            acquire=lambda: SimpleNamespace(base_url=vendor.url, api_key="k"), release=lambda: None
        )
        # Whatever address somebody set for it over the API, the engine is ours.
        for rule in (None, AddressRule()):
            with made("local", "http://127.0.0.1", embedded=engine, rule=rule) as provider:
                with pytest.raises(GenerationError) as caught:
                    provider.complete(ASK)

                assert (caught.value.status, inside.connections) == (307, 0)
        assert vendor.calls == 2


@pytest.mark.parametrize("way", sorted(WAYS))
def test_name_from_the_network_is_looked_up_and_judged_at_every_connection(
    vendor: SimulatedVendor, adapter_id: str, way: str
) -> None:
    asked: list[str] = []

    def rebound(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = vendor.url.replace("127.0.0.1", "api.vendor.test")
    with made(adapter_id, url, rule=AddressRule(resolve=rebound)) as refusing, pytest.raises(GenerationError) as caught:
        WAYS[way](refusing)
    calls = vendor.connections
    with made(adapter_id, url, rule=AddressRule(True, rebound)) as allowed:
        WAYS[way](allowed)

    assert (caught.value.category, calls, vendor.connections) == ("connection_error", 0, 1)
    assert "api.vendor.test leads to 127.0.0.1, which is private" in str(caught.value)
    assert asked == ["api.vendor.test"] * 2
    assert vendor.headers[0]["host"] == urlsplit(url).netloc  # the name stays where the vendor reads it


def test_address_that_does_not_answer_leaves_its_turn_to_the_next(vendor: SimulatedVendor, adapter_id: str) -> None:
    url = vendor.url.replace("127.0.0.1", "api.vendor.test")
    # The simulated vendor listens on the first address of this machine only.
    with made(adapter_id, url, rule=AddressRule(True, lambda _: ["127.0.0.2", "127.0.0.1"])) as provider:
        assert provider.complete(ASK).text == '{"a": "b"}'


def test_call_of_an_address_from_the_network_takes_no_headers_of_the_environment(
    vendor: SimulatedVendor, adapter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_CUSTOM_HEADERS", "GROQ_CUSTOM_HEADERS", "CEREBRAS_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "X-Of-The-Operator: secret\nAuthorization: Bearer secret")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OLLAMA_API_KEY", "secret")

    with made(adapter_id, vendor.url, api_key="own-key", rule=AddressRule(True)) as provider:
        provider.complete(ASK)

    assert "secret" not in str(vendor.headers)
    assert key_of(adapter_id, vendor) == "own-key"


def test_proxy_of_the_environment_is_used_and_its_redirects_are_not(
    adapter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SimulatedVendor(KINDS[adapter_id], ["m1"]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "other.test")
        proxy.content = lambda prompt, number: "through"
        rule = AddressRule(resolve=lambda _: pytest.fail("the proxy looks names up"))
        with made(adapter_id, f"http://api.vendor.test{urlsplit(proxy.url).path}", rule=rule) as provider:
            assert provider.complete(ASK).text == "through"
            proxy.fault = lambda number, body: Reply(302, b"", {"location": "http://other.test"})
            with pytest.raises(GenerationError, match=r"redirect to other\.test"):
                provider.complete(ASK)
    with (
        made(adapter_id, "http://other.test", rule=AddressRule(resolve=lambda _: [])) as direct,
        pytest.raises(GenerationError, match="cannot be resolved"),
    ):
        direct.complete(ASK)


ODD = [
    pytest.param(Reply(200, b"begin of a page", {"content-type": "text/html"}), id="200-text"),
    pytest.param(Reply(200, {"begin": "inside"}), id="200-json"),
    pytest.param(Reply(404, b"<title>begin of a page</title>", {"content-type": "text/html"}), id="404-html"),
    pytest.param(Reply(500, b"begin of a page", {"content-type": "text/plain"}), id="500-text"),
    pytest.param(Reply(400, {"begin": "inside"}), id="400-json"),
]


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("reply", ODD)
def test_what_lies_at_an_address_from_the_network_is_not_read_out(
    vendor: SimulatedVendor, adapter_id: str, reply: Reply, way: str
) -> None:
    answering(vendor, reply)

    with made(adapter_id, vendor.url, rule=AddressRule(True)) as provider:
        try:
            told = str(WAYS[way](provider))
        except GenerationError as error:
            told = str(error)

    assert told == "[]" or any(part in told for part in ("vendor", "JSON", "stream ended", "can be read"))
    assert "begin" not in told


def test_banner_of_another_service_is_not_read_out(adapter_id: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.sendall(b"220 banner-of-mail\r\n")
                accepted.recv(65536)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with made(adapter_id, url, rule=AddressRule(True)) as provider, pytest.raises(GenerationError) as caught:
            provider.complete(ASK)
        thread.join(60)

    assert caught.value.category == "connection_error"
    assert "banner" not in str(caught.value)


def test_vendors_own_sentence_is_shown_from_wherever(vendor: SimulatedVendor, adapter_id: str) -> None:
    vendor.fault = lambda number, body: vendor_error(KINDS[adapter_id], 400, "temperature is too hot")

    with made(adapter_id, vendor.url, rule=AddressRule(True)) as provider, pytest.raises(GenerationError) as caught:
        provider.complete(ASK)

    assert "temperature is too hot" in str(caught.value)
