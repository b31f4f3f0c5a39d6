"""Adapters: made once, when they are first asked for, and again when their settings changed."""

import threading

import pytest

from services.catalogue.catalogue import ProviderInfo
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, ProviderConfig
from services.llm.adapters.scripted import ScriptedProvider
from services.llm.routing.factory import Credentials, LLMProviderFactory
from services.llm.routing.roster import Roster, RosterState
from tests.fakes import CATALOGUE, provider_info
from utils.addresses import AddressRule
from utils.errors import InputError

GROQ, OLLAMA, LOCAL = (provider_info(name) for name in ("groq", "ollama", "local"))


class Engine:
    """Stands for the embedded engine."""

    def acquire(self) -> "Engine":
        return self

    def release(self) -> None: ...

    base_url, api_key = "http://127.0.0.1:1/v1", "k"


class Workshop:
    """A factory whose adapters are scripted, and what it made."""

    def __init__(self, **credentials: Credentials) -> None:
        self.made: list[ProviderConfig] = []
        self.rule, self.engine = AddressRule(True), Engine()
        self.roster = Roster(RosterState(CATALOGUE.providers, (), credentials))
        specs = [AdapterSpec(name, self._make) for name in {info.adapter for info in CATALOGUE.providers}]
        self.factory = LLMProviderFactory(self.roster, specs, 77.0, self.engine, self.rule)

    def _make(self, config: ProviderConfig) -> BaseLLMProvider:
        self.made.append(config)
        return ScriptedProvider(config, ["x"])

    def change(self, *providers: ProviderInfo, **credentials: Credentials) -> None:
        self.roster.replace(RosterState(providers or CATALOGUE.providers, (), credentials))


def test_adapter_is_made_when_it_is_first_asked_for_and_then_shared() -> None:
    shop = Workshop(groq=Credentials("key-1"), cerebras=Credentials("key-2"))
    assert shop.made == []

    first, again = shop.factory.get_provider("groq"), shop.factory.get_provider("groq")

    assert first is again
    assert [config.id for config in shop.made] == ["groq"]


def test_adapter_knows_what_the_catalogue_and_the_user_say_of_its_provider() -> None:
    shop = Workshop(groq=Credentials("key-1"))

    config = shop.factory.get_provider("groq").config

    assert config == ProviderConfig(
        "groq",
        GROQ.base_url,
        "key-1",
        GROQ.requests_per_minute,
        GROQ.tokens_per_minute,
        timeout_s=77.0,
        embedded=shop.engine,
    )
    assert "key-1" not in repr(config)


def test_timeout_of_a_provider_stands_before_the_general_one() -> None:
    shop = Workshop(local=Credentials())

    assert shop.factory.get_provider("local").config.timeout_s == LOCAL.timeout_s != 77.0


def test_only_addresses_that_came_over_the_network_are_judged() -> None:
    shop = Workshop(groq=Credentials("k", "https://own.test"), cerebras=Credentials("k", "https://set.test", True))

    assert shop.factory.get_provider("groq").config.rule is None
    assert shop.factory.get_provider("cerebras").config.rule is shop.rule
    assert shop.factory.get_provider("cerebras").config.base_url == "https://set.test"


def test_change_of_another_provider_keeps_the_adapter_and_its_connections() -> None:
    shop = Workshop(groq=Credentials("k"), cerebras=Credentials("k"))
    before = shop.factory.get_provider("groq")

    shop.change(groq=Credentials("k"), cerebras=Credentials("another"))

    assert shop.factory.get_provider("groq") is before
    assert shop.factory.get_provider("groq") is before


@pytest.mark.parametrize(
    ("info", "credentials"),
    [
        pytest.param(GROQ, Credentials("another"), id="key"),
        pytest.param(GROQ, Credentials("k", "https://own.test"), id="address"),
        pytest.param(GROQ, Credentials("k", GROQ.base_url, True), id="who-gave-the-address"),
        pytest.param(GROQ.model_copy(update={"timeout_s": 5.0}), Credentials("k"), id="timeout"),
    ],
)
def test_changed_settings_make_another_adapter_and_leave_the_old_one_to_its_calls(
    info: ProviderInfo, credentials: Credentials
) -> None:
    shop = Workshop(groq=Credentials("k"))
    before = shop.factory.get_provider("groq")

    shop.change(info, groq=credentials)
    after = shop.factory.get_provider("groq")

    assert after is not before
    assert after is shop.factory.get_provider("groq")
    assert before.config.api_key == "k"


def test_unknown_and_unset_providers_are_refused_with_those_there_are() -> None:
    shop = Workshop(groq=Credentials("k"), cerebras=Credentials("k"))

    for name in ("acme", "mistral"):
        with pytest.raises(InputError, match=f"Invalid provider: {name}. Available: groq, cerebras$"):
            shop.factory.get_provider(name)


def test_provider_that_was_switched_off_is_refused_though_its_adapter_is_there() -> None:
    shop = Workshop(groq=Credentials("k"), cerebras=Credentials("k"))
    shop.factory.get_provider("groq")
    off = [row.model_copy(update={"enabled": row.id != "groq"}) for row in CATALOGUE.providers]

    shop.change(*off, groq=Credentials("k"), cerebras=Credentials("k"))

    with pytest.raises(InputError, match="Available: cerebras"):
        shop.factory.get_provider("groq")


def test_many_who_ask_at_once_get_one_adapter() -> None:
    shop = Workshop(groq=Credentials("k"))
    together = threading.Barrier(8)
    got: list[BaseLLMProvider] = []

    def ask() -> None:
        together.wait(60)
        got.append(shop.factory.get_provider("groq"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(got) == 8
    assert len(set(map(id, got))) == 1
    assert len(shop.made) == 1


def test_closing_closes_every_adapter_that_was_made_once() -> None:
    shop = Workshop(groq=Credentials("k"), cerebras=Credentials("k"))
    closed: list[str] = []
    for name in ("groq", "cerebras"):
        provider = shop.factory.get_provider(name)
        provider.close = lambda name=name: closed.append(name)  # type: ignore[method-assign, misc]  # watched

    shop.factory.close()
    shop.factory.close()

    assert sorted(closed) == ["cerebras", "groq"]
    assert shop.factory.get_provider("groq") is not None  # who asks afterwards gets a new one
    assert len(shop.made) == 3


@pytest.mark.parametrize(
    ("info", "credentials", "own_address", "own_server", "has_key"),
    [
        pytest.param(GROQ, Credentials("k"), False, False, True, id="vendor"),
        pytest.param(GROQ, Credentials("k", "https://x.test"), True, False, True, id="vendor-behind-a-proxy"),
        pytest.param(OLLAMA, Credentials("k"), False, False, True, id="ollamas-cloud"),
        pytest.param(OLLAMA, Credentials("", "http://127.0.0.1:1"), True, True, False, id="ones-own-ollama"),
    ],
)
def test_factory_says_whose_server_it_is_and_whether_a_key_is_sent(
    info: ProviderInfo, credentials: Credentials, own_address: bool, own_server: bool, has_key: bool
) -> None:
    factory = Workshop(**{info.id: credentials}).factory

    assert factory.has_own_address(info.id) is own_address
    assert factory.is_own_server(info) is own_server
    assert factory.has_key(info.id) is has_key
    assert factory.base_url(info) == (credentials.base_url or info.base_url)


def test_of_a_provider_that_is_not_set_up_the_factory_says_the_catalogues_address() -> None:
    factory = Workshop().factory

    assert factory.base_url(GROQ) == GROQ.base_url
    assert not factory.has_own_address("groq")
    assert not factory.has_key("groq")
    assert factory.enabled() == []
