"""Pictures on the wire of every vendor, sent by its real client, whole and streamed."""

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.llm.providers
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, CompletionRequest, ProviderConfig
from services.llm.adapters.pictures import Picture
from services.llm.adapters.scripted import ScriptedProvider
from services.llm.adapters.turns import Turn, parted, turns_of
from tests.vendors.sight import Seen, seen
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.wire import ADAPTERS
from utils.errors import BadRequestError, ConfigurationError
from utils.plugins import find_specs

SPECS = {spec.id: spec for spec in find_specs(services.llm.providers, AdapterSpec)}
# Bytes that both alphabets of base64 write differently.
PNG = Picture("image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
JPEG = Picture("image/jpeg", b"\xff\xd8\xff" + bytes(reversed(range(256))))
TALK = (
    {"role": "system", "content": "Be exact."},
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "yes?"},
    {"role": "user", "content": "What does the stamp say?"},
)
ASK = CompletionRequest("m1", TALK, timeout_s=60, pictures=(PNG, JPEG))


@pytest.fixture(params=sorted(set(ADAPTERS)))
def adapter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def vendor(adapter: str) -> Iterator[SimulatedVendor]:
    with SimulatedVendor(ADAPTERS[adapter].kind, ["m1"]) as simulated:
        simulated.content = lambda prompt, number: "Paid."
        yield simulated


@pytest.fixture
def provider(adapter: str, vendor: SimulatedVendor) -> Iterator[BaseLLMProvider]:
    with closing(SPECS[adapter].factory(ProviderConfig(adapter, vendor.url, "key-123", timeout_s=60))) as made:
        yield made


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streams(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def as_asked(request: CompletionRequest, streams: bool) -> CompletionRequest:
    return replace(request, listener=lambda kind, piece: None) if streams else request


def both(vendor: SimulatedVendor) -> list[Seen]:
    return seen(vendor.kind, vendor.requests[-1])


def files(*pictures: Picture) -> list[tuple[str, bytes]]:
    return [(picture.media_type, picture.data) for picture in pictures]


def test_pictures_arrive_with_the_last_message_of_the_user(
    provider: BaseLLMProvider, vendor: SimulatedVendor, streams: bool
) -> None:
    answer = provider.complete(as_asked(ASK, streams))

    before, between, last = both(vendor)
    assert answer.text == "Paid."
    assert (before.text, before.pictures, between.pictures) == ("hello", [], [])
    assert (last.role, last.text.strip(), last.pictures) == ("user", TALK[-1]["content"], files(PNG, JPEG))


def test_picture_without_a_word_is_a_question(
    provider: BaseLLMProvider, vendor: SimulatedVendor, streams: bool
) -> None:
    wordless = (*TALK[:3], {"role": "user", "content": " "})

    provider.complete(as_asked(replace(ASK, messages=wordless, pictures=(PNG,)), streams))

    last = both(vendor)[-1]
    assert (last.role, last.text.strip(), last.pictures) == ("user", "", files(PNG))


def test_picture_beside_the_words_of_the_system_alone_is_a_message_of_the_user(
    provider: BaseLLMProvider, vendor: SimulatedVendor, streams: bool
) -> None:
    provider.complete(as_asked(replace(ASK, messages=TALK[:1], pictures=(JPEG,)), streams))

    assert [(turn.role, turn.pictures) for turn in both(vendor)] == [("user", files(JPEG))]
    assert "Be exact." in str(vendor.requests[0])


def test_request_without_pictures_is_sent_as_before(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    provider.complete(replace(ASK, pictures=()))

    contents = [message.get("content") for message in vendor.requests[0].get("messages", ())]
    assert all(isinstance(content, str) for content in contents)
    assert not {"images", "inlineData", "image_url"} & set(str(vendor.requests[0]).split("'"))


OPENAI = [
    {"type": "text", "text": "Read."},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG.base64}"}},
]
FORMS: dict[str, dict[str, Any]] = {
    "groq": {"role": "user", "content": OPENAI},
    "cerebras": {"role": "user", "content": OPENAI},
    "openai_compatible": {"role": "user", "content": OPENAI},
    "ollama": {"role": "user", "content": "Read.", "images": [PNG.base64]},
    "anthropic": {
        "role": "user",
        "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG.base64}},
            {"type": "text", "text": "Read."},
        ],
    },
    "google": {
        "role": "user",
        "parts": [
            {"inlineData": {"mime_type": "image/png", "data": PNG.base64.replace("+", "-").replace("/", "_")}},
            {"text": "Read."},
        ],
    },
}


def test_message_has_the_form_that_the_vendor_documents(
    provider: BaseLLMProvider, vendor: SimulatedVendor, adapter: str, streams: bool
) -> None:
    asked = replace(ASK, messages=({"role": "user", "content": "Read."},), pictures=(PNG,))

    provider.complete(as_asked(asked, streams))

    body = vendor.requests[0]
    assert (body.get("messages") or body["contents"])[-1] == FORMS[adapter]


def test_vendor_refuses_a_file_that_is_not_what_it_is_said_to_be(
    provider: BaseLLMProvider, adapter: str, streams: bool
) -> None:
    wrong = Picture("image/png", b"GIF89a" if adapter == "ollama" else JPEG.data)

    with pytest.raises(BadRequestError):
        provider.complete(as_asked(replace(ASK, pictures=(wrong,)), streams))


def test_pictures_are_in_no_log_and_no_repr(
    provider: BaseLLMProvider, vendor: SimulatedVendor, caplog: pytest.LogCaptureFixture, streams: bool
) -> None:
    with caplog.at_level(logging.INFO):
        provider.complete(as_asked(ASK, streams))

    told = caplog.text + repr(ASK) + str([vars(record) for record in caplog.records])
    assert "image/png" in repr(ASK)
    assert PNG.base64[:40] not in told
    assert repr(PNG.data)[10:40] not in told


def test_adapter_that_does_not_know_of_pictures_refuses_them() -> None:
    class Plain(ScriptedProvider):
        takes_pictures = False

    with closing(Plain(ProviderConfig("plain", "http://127.0.0.1:9"), ["I see."])) as provider:
        with pytest.raises(BadRequestError, match="plain/m1: its wire takes no pictures") as refused:
            provider.complete(ASK)

        assert (refused.value.provider, refused.value.model, provider.requests) == ("plain", "m1", [])


def test_embedded_model_takes_none() -> None:
    with closing(SPECS["local"].factory(ProviderConfig("local", "http://127.0.0.1:9"))) as provider:
        with pytest.raises(BadRequestError, match="takes no pictures"):
            provider.complete(ASK)
        with pytest.raises(ConfigurationError):  # what it says where there are none
            provider.complete(replace(ASK, pictures=()))


roles = st.sampled_from(["system", "developer", "user", "assistant"])
talks = st.lists(st.fixed_dictionaries({"role": roles, "content": st.sampled_from(["", " ", "a", "b"])}), max_size=6)


@given(talks)
def test_pictures_stand_once_behind_all_that_the_user_said_and_nothing_said_is_lost(talk: list[dict[str, str]]) -> None:
    turns = turns_of(talk, (PNG,))

    [place] = [place for place, turn in enumerate(turns) if turn.pictures]
    assert turns[place].role == "user"
    assert all(turn.role != "user" for turn in turns[place + 1 :])
    assert [(turn.role, turn.text) for turn in turns[: len(talk)]] == [(one["role"], one["content"]) for one in talk]
    system, said = parted(talk, (PNG,))
    assert [turn for turn in turns if turn.pictures] == [turn for turn in said if turn.pictures]
    assert all(turn.text.strip() or turn.pictures for turn in said)
    assert parted(talk) == (system, [Turn(turn.role, turn.text) for turn in said if turn.text.strip()])
