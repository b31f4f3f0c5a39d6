"""The state of now: which providers and models there are."""

import pytest

from services.catalogue.catalogue import ModelInfo
from services.llm.routing.roster import Credentials, Roster, RosterState
from tests.fakes import provider_info

GROQ, CEREBRAS = provider_info("groq"), provider_info("cerebras")
A, B = (ModelInfo(provider="groq", id=name, context_window=1000) for name in "ab")


def test_provider_is_usable_when_it_is_enabled_and_set_up() -> None:
    off = CEREBRAS.model_copy(update={"enabled": False})
    unset = provider_info("mistral")
    roster = Roster(RosterState([GROQ, off, unset], [], {"groq": Credentials(), "cerebras": Credentials()}))

    assert roster.enabled() == [GROQ]
    assert [roster.provider(name) for name in ("groq", "cerebras", "mistral", "acme")] == [GROQ, off, unset, None]


def test_usable_providers_keep_their_order_of_preference() -> None:
    roster = Roster(RosterState([CEREBRAS, GROQ], [], {"groq": Credentials(), "cerebras": Credentials()}))

    assert [row.id for row in roster.enabled()] == ["cerebras", "groq"]


def test_models_are_those_of_their_provider_in_order_disabled_ones_too() -> None:
    off = B.model_copy(update={"enabled": False})
    other = ModelInfo(provider="cerebras", id="a", context_window=1000)
    roster = Roster(RosterState([GROQ, CEREBRAS], [off, other, A], {}))

    assert roster.models_of("groq") == (off, A)
    assert roster.models_of("cerebras") == (other,)
    assert roster.models_of("acme") == ()


def test_state_is_replaced_as_a_whole_and_counted() -> None:
    first = RosterState([GROQ], [A], {"groq": Credentials("k", "http://one")})
    second = RosterState([CEREBRAS], [], {"cerebras": Credentials("k2")})
    roster = Roster(first)
    assert (roster.version, roster.state) == (0, first)

    roster.replace(second)
    roster.replace(second)

    assert (roster.version, roster.state) == (2, second)
    assert roster.provider("groq") is None
    assert roster.models_of("groq") == ()
    assert roster.credentials_of("groq") is None
    assert roster.credentials_of("cerebras") == Credentials("k2")


@pytest.mark.parametrize("shown", [repr, str])
def test_key_is_not_shown(shown: object) -> None:
    assert callable(shown)
    made = RosterState([GROQ], [], {"groq": Credentials("key-that-is-secret", "http://one")})

    assert "key-that-is-secret" not in shown(made)
    assert "http://one" in shown(made)
