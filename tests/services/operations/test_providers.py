"""Managing providers and models: overrides, keys, live changes, addresses, test calls."""

import threading
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import Service, build
from models.catalogue.provider_store import KeptModel
from models.contract.answers.management import ProviderTestResult, ProviderView
from models.contract.management_bodies import ModelChange, NewProvider, ProviderChange, ProviderConfigChange
from services.catalogue.catalogue import ModelInfo
from services.llm.adapters.base import ProviderConfig
from services.llm.adapters.scripted import ScriptedProvider
from services.llm.routing.overrides import _models
from services.llm_service import Preference, Prompt, Terms
from tests.databases import kept_bytes
from tests.fakes import KEYS, Start, good_answer, run, settings_for
from tests.patience import PATIENCE_S
from tests.vendors.simulator import Reply, SimulatedVendor
from utils.addresses import AddressRule, origin
from utils.errors import AuthenticationError, ExistsError, InputError, NotFoundError, RateLimitError, StorageError
from utils.secret_box import SecretBox, new_key

if TYPE_CHECKING:  # pytest would take it for a class of tests
    from models.contract.answers.management import TestFault

KEY = "A" * 43 + "="
PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)
PUBLIC = ["93.184.216.34"]


# --- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "addresses", "says"),
    [
        pytest.param("http://169.254.169.254/v1", ["169.254.169.254"], "link-local or metadata", id="metadata"),
        pytest.param("http://[fe80::1]/v1", ["fe80::1%eth0"], "link-local", id="link-local-6"),
        pytest.param("http://[::ffff:169.254.169.254]", ["::ffff:169.254.169.254"], "link-local", id="mapped"),
        pytest.param("http://x.test", ["64:ff9b::a9fe:a9fe"], "link-local", id="nat64"),
        pytest.param("http://x.test", ["100.100.100.200"], "metadata", id="alibaba"),
        pytest.param("http://x.test", ["fd00:ec2::254"], "metadata", id="aws-6"),
        pytest.param("http://metadata.google.internal./x", PUBLIC, "metadata service", id="name"),
        pytest.param("http://x.test", ["0.0.0.0"], "link-local", id="unspecified"),
        pytest.param("http://x.test", ["93.184.216.34", "10.0.0.7"], "private", id="one-of-two"),
        pytest.param("http://127.0.0.1:9", ["127.0.0.1"], "ALLOW_PRIVATE_BASE_URLS", id="loopback"),
        pytest.param("http://x.test", ["192.168.1.4"], "private", id="private"),
        pytest.param("ftp://x.test", PUBLIC, "begins with http", id="scheme"),
        pytest.param("http://", PUBLIC, "begins with http", id="no-host"),
        pytest.param("http://x.test:99999/", PUBLIC, "is no address", id="port"),
        pytest.param("http://user:pw@x.test", PUBLIC, "user name or password", id="user"),
        pytest.param("http://x.test/v1?a=b", PUBLIC, "a query", id="query"),
        pytest.param("http://x.test/\r\nHost: y", PUBLIC, "white space", id="header-injection"),
        *(
            pytest.param("http://x.test", [address], "never called", id=address)
            for address in (
                *(
                    "::ffff:93.184.216.34",
                    "::93.184.216.34",
                    "::ffff:0:93.184.216.34",
                    "2002:5db8:d822::1",
                    "2001:0:1::1",
                ),
                *("64:ff9b:1::5db8:d822", "fec0::1", "fe80::1", "ff02::1", "::", "2001:db8::1", "3fff::1", "100::1"),
                *("5f00::1", "0.1.2.3", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.0.8", "192.0.2.1"),
                *("192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "168.63.129.16", "fd20:ce::254"),
            )
        ),
        *(
            pytest.param("http://x.test", [address], "private", id=address)
            for address in ("64:ff9b::5db8:d822", "100.64.0.1", "::1", "fc00::1", "172.31.255.255", "127.8.8.8")
        ),
        *(
            pytest.param(f"http://{host}/v1", PUBLIC, "neither a name", id=host)
            for host in ("2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.1", "1.2.3.256", "a.b.0x", "½.test")
        ),
        pytest.param("http://１２７.0.0.1/v1", PUBLIC, "neither a name", id="full-width"),
        pytest.param("http://127。0。0。1/v1", PUBLIC, "neither a name", id="ideographic-dots"),
        pytest.param("http://%31%32%37.0.0.1/v1", PUBLIC, "neither a name", id="percent"),
        pytest.param("http://x.test./v1", PUBLIC, "ends in a dot", id="dot-at-the-end"),
        pytest.param("http://x.test\\@y.test/v1", PUBLIC, "user name", id="backslash"),
        pytest.param("http://@x.test/v1", PUBLIC, "user name", id="empty-user"),
        pytest.param("http://x.test", [], "cannot be resolved", id="no-address"),
    ],
)
def test_address_that_must_not_be_called_is_refused(url: str, addresses: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        AddressRule(resolve=lambda _: addresses).base_url(url)


def test_address_of_a_vendor_is_taken_and_a_private_one_when_allowed() -> None:
    vendors = AddressRule(resolve=lambda _: PUBLIC)
    assert vendors.base_url("https://api.example.com/v1/ ") == "https://api.example.com/v1"
    assert AddressRule(True, lambda _: ["10.1.2.3"]).base_url("http://10.1.2.3:8000/v1")
    with pytest.raises(InputError, match="never called"):
        AddressRule(True, lambda _: ["169.254.0.1"]).base_url("http://x.test")


@pytest.mark.parametrize(
    "address",
    ["169.254.0.1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "fec0::1", "fd00:ec2::254", "0.0.0.0"],
)
def test_what_is_never_called_is_not_called_where_private_addresses_are_allowed(address: str) -> None:
    with pytest.raises(InputError, match="never called"):
        AddressRule(True, lambda _: [address]).addresses("x.test")


@given(st.ip_addresses())
def test_address_that_is_not_known_to_be_public_is_refused(address: IPv4Address | IPv6Address) -> None:
    try:
        AddressRule(resolve=lambda _: [str(address)]).addresses("x.test")
    except InputError:
        return
    assert address.is_global
    assert not any((address.is_private, address.is_multicast, address.is_reserved, address.is_link_local))
    if isinstance(address, IPv6Address):
        assert address in IPv6Network("2000::/3")
        assert not any((address.sixtofour, address.teredo))


@pytest.mark.parametrize(
    "sent", ["sk-secret-0123456789", "ftp://sk-secret-0123456789", "http://sk-secret-0123456789/v1"]
)
def test_message_about_an_address_does_not_repeat_what_was_sent(sent: str) -> None:
    def unknown(_: str) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(InputError) as caught:
        AddressRule(resolve=unknown).base_url(sent)

    assert "secret" not in str(caught.value)


def test_origin_is_scheme_host_and_port_in_one_spelling() -> None:
    assert (
        origin("HTTPS://API.Example.com/v1/") == origin("https://api.example.com:443") == "https://api.example.com:443"
    )
    assert len({origin(f"{scheme}://x{port}") for scheme in ("http", "https") for port in ("", ":8443")}) == 4


def test_address_whose_host_is_unknown_is_refused() -> None:
    def unknown(_: str) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(InputError, match="cannot be resolved"):
        AddressRule(resolve=unknown).base_url("https://nowhere.test")


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_clear_refusal(text: str) -> None:
    for url in (text, f"http://{text}"):
        try:
            taken = AddressRule(resolve=lambda _: PUBLIC).base_url(url)
        except InputError:
            continue
        assert taken.lower().startswith(("http://", "https://"))


# --- secrets ---------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=200))
def test_sealed_text_opens_with_its_key_also_after_a_rotation(text: str) -> None:
    old, new = new_key(), new_key()
    sealed = SecretBox([old]).seal(text)

    renewed = SecretBox([new, old]).renew(sealed)

    assert SecretBox([new]).open(renewed) == text
    with pytest.raises(StorageError, match="another ENCRYPTION_KEY"):
        SecretBox([old]).open(renewed)


def test_without_a_key_nothing_is_stored_and_nothing_opened() -> None:
    with pytest.raises(InputError, match="ENCRYPTION_KEY is not set"):
        SecretBox().seal("x")
    with pytest.raises(StorageError, match="ENCRYPTION_KEY is not set"):
        SecretBox().open(SecretBox([KEY]).seal("x"))
    assert Fernet(new_key())


# --- providers -------------------------------------------------------------------------------


def fault(told: ProviderTestResult) -> "TestFault":
    assert told["error"] is not None
    return told["error"]


def added(platform: Service, **fields: Any) -> ProviderView:
    made, _ = platform.providers.add(
        NewProvider(**{"name": "My Server", "base_url": "http://127.0.0.1:9/v1", **fields})
    )
    return made


@pytest.fixture
def own(start: Start) -> Service:
    return start({"groq": [good_answer]}, encryption_key=KEY, allow_private_base_urls=True)


def test_provider_that_is_added_serves_at_once_and_after_a_restart(own: Service, start: Start) -> None:
    made = added(own, api_key="sk-own-0123456789", default_model_id="m1", requests_per_minute=7)

    assert (made["id"], made["enabled"], made["has_api_key"], made["custom"]) == ("my-server", True, True, True)
    assert own.llm.factory.get_provider("my-server").config.api_key == "sk-own-0123456789"
    with pytest.raises(ExistsError, match="exists already"):
        added(own)
    own.close()
    again = start({}, encryption_key=KEY)
    config = again.llm.factory.get_provider("my-server").config
    assert (config.api_key, config.requests_per_minute) == ("sk-own-0123456789", 7)
    assert [row.id for row in again.llm.factory.enabled()][-1] == "local"


@pytest.mark.parametrize(
    ("status", "result", "usable"),
    [
        pytest.param(None, "accepted", True, id="accepted"),
        pytest.param(401, "refused", False, id="refused"),
        pytest.param(500, "unclear", True, id="unclear"),
    ],
)
def test_key_is_tried_before_it_switches_a_provider_on(
    start: Start, status: int | None, result: str, usable: bool
) -> None:
    with SimulatedVendor("openai", ["m"]) as server:
        platform = start({}, encryption_key=KEY, allow_private_base_urls=True)
        added(platform, base_url=server.url, api_key=None)
        server.listing = None if status is None else Reply(status, {"error": {"message": "no list for you"}})

        _, message, check = platform.providers.set_config("my-server", ProviderConfigChange(api_key="k-0123456789"))

    assert check is not None
    assert check["result"] == result
    assert platform.providers.one("my-server")["enabled"] is usable
    assert ("refused the key" in message) is (result == "refused")
    assert "k-0123456789" not in message


def test_accepted_key_switches_a_provider_on_again_that_a_refused_one_switched_off(start: Start) -> None:
    with SimulatedVendor("openai", ["m"]) as server:
        platform = start({}, encryption_key=KEY, allow_private_base_urls=True)
        server.listing = Reply(401, {"error": {"message": "wrong key"}})
        _, check = platform.providers.add(
            NewProvider(name="My server", base_url=server.url, api_key="wrong-0123456789")
        )
        assert check is not None
        assert (check["result"], platform.providers.one("my-server")["enabled"]) == ("refused", False)
        server.listing = None

        platform.providers.set_config("my-server", ProviderConfigChange(api_key="right-0123456789"))

        assert platform.providers.one("my-server")["enabled"]


def test_key_of_a_server_that_is_away_is_kept_and_said_to_be_untried(start: Start) -> None:
    platform = start({}, encryption_key=KEY, allow_private_base_urls=True)

    _, check = platform.providers.add(
        NewProvider(name="Away", base_url="http://127.0.0.1:9/v1", api_key="k-0123456789")
    )

    assert check is not None
    assert (check["result"], platform.providers.one("away")["enabled"]) == ("not_reachable", True)


def test_key_is_nowhere_in_clear(own: Service, tmp_path: Path) -> None:
    secret = "sk-very-secret-0123456789"
    shown = added(own, api_key=secret)
    own.providers.set_config("groq", ProviderConfigChange(api_key=f"gsk_{secret}", config={"password": secret}))

    on_disk = kept_bytes(own.stores.engine, tmp_path)

    assert secret.encode() not in on_disk
    views = [shown, own.providers.all(), own.providers.config("groq"), repr(own.llm.roster.state)]
    assert secret not in str(views)
    assert own.llm.factory.get_provider("groq").config.api_key == f"gsk_{secret}"


def test_stored_key_without_its_encryption_key_leaves_the_provider_out(own: Service, start: Start) -> None:
    own.providers.set_config("mistral", ProviderConfigChange(api_key="mistral-0123456789"))
    assert own.providers.one("mistral")["enabled"]
    own.close()

    other = start({}, encryption_key="B" * 43 + "=")

    assert not other.providers.one("mistral")["enabled"]
    assert other.providers.config("mistral")["has_api_key"]


def test_key_of_one_address_is_never_sent_to_another(own: Service) -> None:
    providers = own.providers
    moved, _ = providers.update("groq", ProviderChange(base_url="http://127.0.0.1:9/v1"))
    assert not moved["enabled"]  # the key of the settings belongs to Groq
    providers.set_config("groq", ProviderConfigChange(api_key="gsk_own_0123456789"))
    assert own.llm.factory.get_provider("groq").config.api_key == "gsk_own_0123456789"

    again, message = providers.update("groq", ProviderChange(base_url="http://127.0.0.2:9/v1"))
    back, _ = providers.update("groq", ProviderChange(base_url=None))

    assert (again["enabled"], "store one for the new" in message) == (False, True)
    assert (back["enabled"], own.llm.factory.get_provider("groq").config.api_key) == (True, KEYS["groq_api_key"])


def sent_key(platform: Service, name: str) -> str | None:
    """Return the key that is sent to a provider; None when it is not reached."""
    usable = {info.id for info in platform.llm.factory.enabled()}
    return platform.llm.factory.get_provider(name).config.api_key if name in usable else None


def stored(platform: Service, name: str, key: str = "key-0123456789") -> None:
    platform.providers.set_config(name, ProviderConfigChange(api_key=key))


ADDRESS = "https://127.0.0.1:8443/v1"
# Another scheme, host, port, and the scheme's own port.
OTHERS = ("http://127.0.0.1:8443/v1", "https://127.0.0.2:8443/v1", "https://127.0.0.1:8444/v1", "https://127.0.0.1/v1")


@pytest.mark.parametrize("name", ["my-server", "groq", "cerebras", "ollama", "openai", "mistral"])
def test_stored_key_stays_behind_when_the_address_changes(start: Start, name: str) -> None:
    own = start({}, encryption_key=KEY, allow_private_base_urls=True)
    providers = own.providers
    if name == "my-server":
        added(own, base_url=ADDRESS)
    needs_key = name in {"groq", "cerebras"}

    for other in OTHERS:
        providers.update(name, ProviderChange(base_url=ADDRESS))
        stored(own, name)
        assert sent_key(own, name) == "key-0123456789"
        _, message = providers.update(name, ProviderChange(base_url=other))
        assert (sent_key(own, name), "store one for the new" in message) == (None if needs_key else "", True)
        providers.update(name, ProviderChange(base_url=ADDRESS))
        assert not sent_key(own, name)  # it is gone, and does not come back with the address
    stored(own, name)
    providers.update(name, ProviderChange(base_url=ADDRESS.replace("/v1", "/v2")))

    assert sent_key(own, name) == "key-0123456789"


@pytest.mark.parametrize("name", ["groq", "ollama", "openai", "mistral"])
def test_key_of_an_address_over_the_api_is_not_sent_to_the_catalogues(start: Start, name: str) -> None:
    own = start({}, encryption_key=KEY, allow_private_base_urls=True, groq_api_key="gsk_of_the_settings")
    own.providers.update(name, ProviderChange(base_url=ADDRESS))
    stored(own, name)

    own.providers.update(name, ProviderChange(base_url=None))

    assert sent_key(own, name) == ("gsk_of_the_settings" if name == "groq" else None)


def test_key_of_the_settings_goes_to_their_host_and_no_other(own: Service) -> None:
    own.providers.update("groq", ProviderChange(base_url=ADDRESS))
    elsewhere = sent_key(own, "groq")
    own.providers._registry.store.put_provider("groq", "x", fields={"base_url": "https://api.groq.com/openai/v1"})
    own.providers._registry.load()

    assert (elsewhere, sent_key(own, "groq")) == (None, KEYS["groq_api_key"])


@pytest.mark.parametrize("stores", [True, False], ids=["stored", "settings"])
def test_ollamas_key_is_not_sent_to_the_users_own_server(start: Start, stores: bool) -> None:
    key = "ollama-cloud-0123456789"
    with SimulatedVendor("ollama", ["m"]) as server:
        server.content = lambda prompt, number: "fine"
        given = {} if stores else {"ollama_api_key": key}
        platform = start({}, encryption_key=KEY, ollama_host=server.url, **given)
        if stores:
            stored(platform, "ollama", key)
        outcome = platform.llm.ask(PROMPT, Preference("ollama", "m", allow_failover=False), Terms())
        platform.llm.factory.get_provider("ollama").list_models(60)
        config = platform.providers.config("ollama")
        platform.close()

    assert outcome.error is None
    assert len(server.headers) >= 2
    assert key not in str(server.headers)
    assert (config["has_api_key"], config["key_usable"]) == (True, False)
    assert sent_key(start({}, encryption_key=KEY, **given), "ollama") == key  # without OLLAMA_HOST it is the cloud's


def test_key_that_is_stored_for_ones_own_ollama_goes_there(start: Start) -> None:
    own = start({}, encryption_key=KEY, allow_private_base_urls=True, ollama_host="http://127.0.0.1:11434")
    own.providers.update("ollama", ProviderChange(base_url=ADDRESS))
    stored(own, "ollama")

    assert sent_key(own, "ollama") == "key-0123456789"


def test_stored_key_stays_behind_when_the_environment_names_another_address(start: Start) -> None:
    first = start({}, encryption_key=KEY, groq_base_url="https://one.test")
    stored(first, "groq")
    assert sent_key(first, "groq") == "key-0123456789"
    first.close()

    for address in ("http://one.test", "https://two.test", "https://one.test:8443", None):
        other = start({}, encryption_key=KEY, groq_base_url=address)
        assert sent_key(other, "groq") is None
        other.close()

    assert sent_key(start({}, encryption_key=KEY, groq_base_url="https://one.test/"), "groq") == "key-0123456789"


def test_key_that_was_sealed_without_its_address_belongs_to_the_one_kept_beside_it(own: Service) -> None:
    registry = own.providers._registry
    sealed = registry.box.seal("gsk_sealed_alone")
    registry.store.put_provider("groq", "x", sealed_key=sealed)
    registry.store.put_provider("mistral", "x", sealed_key=sealed, fields={"base_url": ADDRESS})
    registry.load()

    assert (sent_key(own, "groq"), sent_key(own, "mistral")) == ("gsk_sealed_alone", "gsk_sealed_alone")


def test_key_does_not_follow_a_redirect(start: Start) -> None:
    with SimulatedVendor("openai", ["m"]) as server, SimulatedVendor("openai", ["m"]) as elsewhere:
        reply = Reply(307, b"", {"location": elsewhere.url})
        server.fault, server.listing = (lambda number, body: reply), reply
        platform = start({}, encryption_key=KEY, allow_private_base_urls=True)
        added(platform, base_url=server.url, api_key="sk-own-0123456789", default_model_id="m")
        told = platform.providers.test("my-server", None)
        platform.close()

        assert elsewhere.connections == 0
    assert (told["ok"], fault(told)["category"]) == (False, "connection_error")
    assert "redirect to 127.0.0.1 (status 307)" in fault(told)["message"]


def test_address_that_was_allowed_once_is_judged_again_when_it_is_called(start: Start) -> None:
    with SimulatedVendor("openai", ["m"]) as server:
        first = start({}, encryption_key=KEY, allow_private_base_urls=True)
        added(first, base_url=server.url, default_model_id="m")
        first.close()
        told = start({}, encryption_key=KEY).providers.test("my-server", None)

        assert server.connections == 0
    assert "which is private" in fault(told)["message"]


def test_name_that_leads_elsewhere_after_it_was_set_is_not_followed_there(start: Start) -> None:
    with SimulatedVendor("openai", ["m"]) as server:
        platform = start({}, encryption_key=KEY)
        leads = iter([PUBLIC])
        rebinding = AddressRule(resolve=lambda _: next(leads, ["127.0.0.1"]))
        platform.providers._rule = platform.llm.factory._rule = rebinding
        url = server.url.replace("127.0.0.1", "api.vendor.test")
        added(platform, base_url=url, api_key="sk-own-0123456789", default_model_id="m")

        told = platform.providers.test("my-server", "m")
        platform.llm.router.forgive("my-server")
        outcome = platform.llm.ask(PROMPT, Preference("my-server", "m", allow_failover=False), Terms())
        platform.llm.models.refresh(["my-server"])
        platform.close()

        assert server.connections == 0
    listed = platform.llm.models.discovery("my-server")
    for said in (fault(told)["message"], str(outcome.error), listed.reason):
        assert "api.vendor.test leads to 127.0.0.1, which is private" in said


def test_user_and_password_of_an_address_are_not_shown(start: Start) -> None:
    platform = start({}, encryption_key=KEY, ollama_host="http://me:pw-0123@127.0.0.1:9")

    told = platform.providers.test("ollama", None)

    shown = str((told, platform.providers.all()))
    assert "http://127.0.0.1:9" in shown
    assert "pw-0123" not in shown


def test_provider_is_switched_off_and_on_and_defaults_come_back_with_null(own: Service) -> None:
    providers = own.providers
    off, message = providers.toggle("groq")
    assert (off["enabled"], message) == (False, "Provider groq is disabled")
    with pytest.raises(InputError, match="Invalid provider: groq"):
        own.llm.check(Preference("groq"))
    assert providers.toggle("groq")[0]["enabled"]
    with pytest.raises(InputError, match="has no key"):
        providers.toggle("mistral")

    providers.update("groq", ProviderChange(requests_per_minute=3, name="Mine"))
    changed, _ = providers.update("groq", ProviderChange(name=None))

    assert (changed["requests_per_minute"], changed["name"]) == (3, "Groq")


def test_only_added_providers_are_removed(own: Service) -> None:
    added(own)
    own.providers.remove("my-server")

    with pytest.raises(NotFoundError):
        own.providers.one("my-server")
    with pytest.raises(InputError, match="cannot be removed"):
        own.providers.remove("groq")


@pytest.mark.parametrize("name", ["All", "Stats", "Events", "Auto"])
def test_provider_is_not_called_as_a_page_of_our_own(own: Service, name: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        added(own, name=name)


def test_refused_change_lets_no_model_be_chosen(own: Service) -> None:
    added(own)

    with pytest.raises(InputError, match="base_url"):
        own.providers.update("my-server", ProviderChange(default_model_id="new-model", base_url="ftp://x"))

    assert "new-model" not in {row["id"] for row in own.models.all("my-server")}


def test_every_change_is_an_event_and_is_told_to_the_streams(own: Service) -> None:
    subscription = own.monitor.subscribe(None)
    before = own.monitor.subscribe(None)
    own.events.unsubscribe(before)

    own.providers.toggle("groq")
    own.models.reorder("cerebras", ["gpt-oss-120b"])

    own.events.unsubscribe(subscription)
    subscription.end()
    told = [subscription._queue.get() for _ in range(subscription._queue.qsize())]
    assert own.providers._registry.store._events.of("", 0, 10)[-1]["type"] == "models reordered"
    assert all(b"data:" not in (row or b"") or b"providers_changed" in (row or b"") for row in told)


def test_stream_that_comes_back_after_a_change_of_providers_gets_its_batches_only(own: Service) -> None:
    last = own.providers._registry.store._events.last_id()
    own.providers.toggle("groq")

    subscription = own.monitor.subscribe(last)

    assert b"all_batches" in subscription.head[0]
    assert len(subscription.head) == 1


# --- live changes ----------------------------------------------------------------------------


def test_running_batch_goes_on_with_the_provider_that_is_switched_on(start: Start) -> None:
    refused = RateLimitError("slow down", provider="groq", retry_after_s=3600)
    platform = start({"groq": [refused], "cerebras": [good_answer]})
    platform.providers.toggle("cerebras")
    batch = platform.batches.start_batch(count=3, provider="groq", jurisdiction="uk")

    platform.providers.toggle("cerebras")

    assert platform.batches.wait(batch["batch_id"], PATIENCE_S)
    ended = platform.batches.get_status(batch["batch_id"])
    assert (ended["status"], ended["current_provider"]) == ("completed", "cerebras")


def test_who_waits_for_a_limit_goes_on_when_it_is_raised(start: Start) -> None:
    platform = start({"groq": ["hello"]})
    providers = platform.providers
    providers.update("groq", ProviderChange(requests_per_minute=1))
    answered = threading.Event()

    def ask() -> None:
        platform.llm.ask(PROMPT, Preference("groq", allow_failover=False), Terms())
        answered.set()

    ask()
    answered.clear()
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert not answered.wait(0.2)

    providers.update("groq", ProviderChange(requests_per_minute=100))

    assert answered.wait(PATIENCE_S)
    thread.join(PATIENCE_S)


def test_limit_that_a_user_set_is_not_raised_by_the_vendors_headers(start: Start) -> None:
    platform = start({"groq": ["hello"]})
    platform.providers.update("groq", ProviderChange(tokens_per_minute=50_000))
    scripted = platform.llm.factory.get_provider("groq")
    answer = scripted.complete  # the scripted answer gets the vendor's headers
    made: Any = ScriptedProvider(ProviderConfig("groq", "http://x"), ["hello"])

    def with_headers(request: Any, cancel: Any = None) -> Any:
        completion = answer(request, cancel)
        headers = {"x-ratelimit-limit-tokens": "90000", "x-ratelimit-remaining-tokens": "90000"}
        return replace(completion, headers=headers)

    made.complete = with_headers
    made.config = scripted.config
    platform.llm.factory._made["groq"] = made
    outcome = platform.llm.ask(PROMPT, Preference("groq"), Terms())

    assert platform.llm.accounts.of(outcome.target).minute.tokens_limit == 50_000


def test_refused_key_is_forgiven_when_another_is_stored(own: Service) -> None:
    groq = own.llm.factory.get_provider("groq")
    assert isinstance(groq, ScriptedProvider)
    groq._script = [AuthenticationError("key refused", provider="groq")]
    assert own.llm.ask(PROMPT, Preference("groq", allow_failover=False), Terms()).error
    assert own.llm.router.closed()

    own.providers.set_config("groq", ProviderConfigChange(api_key="gsk_other_0123456789"))

    assert own.llm.router.closed() == []


# --- models ----------------------------------------------------------------------------------


def test_models_are_listed_with_what_is_known_of_them(own: Service) -> None:
    rows = own.models.all("groq")

    assert [row["fallback_priority"] for row in rows] == list(range(len(rows)))
    assert all(isinstance(row["db_id"], int) for row in rows)
    assert own.models.one(str(rows[1]["db_id"]))["id"] == rows[1]["id"]
    enabled = own.models.all("groq", enabled_only=True)
    assert {row["id"] for row in enabled} < {row["id"] for row in rows}
    assert not any(row["retired"] for row in enabled)


def test_model_is_changed_switched_and_moved(own: Service) -> None:
    models = own.models
    changed = models.update(
        "openai/gpt-oss-20b", ModelChange(max_tokens=9000, display_name="Small", provider_id="groq")
    )
    assert (changed["max_tokens"], changed["display_name"]) == (9000, "Small")

    off, _ = models.toggle("openai/gpt-oss-20b", None)
    assert not off["enabled"]
    with pytest.raises(InputError, match="Disabled model"):
        own.llm.check(Preference("groq", "openai/gpt-oss-20b"))

    order = [row["id"] for row in models.set_priority("qwen/qwen3.8-27b", 0, "groq")]
    assert order[0] == "qwen/qwen3.8-27b"
    back = models.reorder("groq", ["openai/gpt-oss-20b", "openai/gpt-oss-120b"])
    assert [row["id"] for row in back][:3] == ["openai/gpt-oss-20b", "openai/gpt-oss-120b", "qwen/qwen3.8-27b"]
    with pytest.raises(InputError, match="is not a model of groq"):
        models.reorder("groq", ["nope"])
    with pytest.raises(NotFoundError):
        models.one("nope")
    with pytest.raises(InputError, match="was retired"):
        models.toggle("llama-3.3-70b-versatile", "groq")


def test_model_that_only_the_vendor_lists_stays_off_when_others_are_moved(start: Start) -> None:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b", "openai/gpt-oss-20b", "brand-new"]) as server:
        platform = start({}, groq_base_url=server.url, groq_api_key="k")
        platform.llm.models.refresh(["groq"])
        assert not platform.models.one("brand-new", "groq")["enabled"]

        platform.models.set_priority("openai/gpt-oss-20b", 0, "groq")

        assert not platform.models.one("brand-new", "groq")["enabled"]


def test_model_that_is_called_by_its_file_is_found_without_the_slash_and_can_be_guided(start: Start) -> None:
    with SimulatedVendor("openai", ["/models/tiny.gguf"]) as server:
        platform = start({}, openai_base_url=server.url)
        platform.llm.models.refresh(["openai"])

        changed = platform.models.update("models/tiny.gguf", ModelChange(guided=True, provider_id="openai"))

        small = platform.llm.guided(Preference("openai"))
    assert (changed["id"], changed["guided"], changed["supports_json_schema"]) == ("/models/tiny.gguf", True, True)
    assert small is not None
    assert small.model.id == "/models/tiny.gguf"


def test_user_says_what_an_own_model_can_do_and_takes_it_back(start: Start) -> None:
    with SimulatedVendor("openai", ["own-model"]) as server:
        platform = start({}, openai_base_url=server.url)
        platform.llm.models.refresh(["openai"])
        before = platform.models.one("own-model", "openai")

        said = platform.models.update("own-model", ModelChange(supports_vision=True, is_thinking_model=True))
        back = platform.models.update("own-model", ModelChange(supports_vision=None, supports_cot=None))

    assert (before["supports_vision"], before["supports_cot"], before["supports_streaming"]) == (None, None, True)
    assert (said["supports_vision"], said["supports_cot"], said["is_thinking_model"]) == (True, True, True)
    assert said["evidence"] == "set by a user: supports_cot, supports_vision"
    assert (back["supports_vision"], back["supports_cot"], back["evidence"]) == (None, None, None)


@given(st.permutations(range(6)), st.integers(0, 10))
def test_any_order_of_models_is_kept_and_holds_every_model_once(order: list[int], place: int) -> None:
    infos = [ModelInfo(provider="p", id=f"m{n}", context_window=1000) for n in range(6)]
    kept = [KeptModel(n, "p", f"m{m}", {"fallback_priority": n}, "", "") for n, m in enumerate(order)]

    ordered = [row.id for row in _models(SimpleNamespace(models=infos), kept)]  # type: ignore[arg-type]  # all it reads

    assert ordered == [f"m{m}" for m in order]


def test_order_and_switch_of_models_decide_what_a_request_uses(own: Service) -> None:
    own.providers.update("groq", ProviderChange(default_model_id="qwen/qwen3.8-27b"))
    assert run(own, count=1)["current_model"] == "qwen/qwen3.8-27b"

    own.models.toggle("qwen/qwen3.8-27b", "groq")

    assert run(own, count=1)["current_model"] == "openai/gpt-oss-120b"


def test_provider_that_was_just_added_is_tested_by_the_models_it_lists(start: Start) -> None:
    with SimulatedVendor("openai", ["own-model", "another"]) as server:
        platform = start({}, encryption_key=KEY, allow_private_base_urls=True)
        added(platform, base_url=server.url)
        told = platform.providers.test("my-server", None)
        platform.providers.update("my-server", ProviderChange(default_model_id="another"))
        named = platform.providers.test("my-server", None)

    assert (told["ok"], told["model"]) == (True, "own-model")
    assert (named["ok"], named["model"]) == (True, "another")


def test_provider_that_nobody_answers_for_says_so(own: Service) -> None:
    added(own)

    told = own.providers.test("my-server", None)

    assert (told["ok"], told["model"], fault(told)["category"]) == (False, None, "connection_error")


# --- a test call -----------------------------------------------------------------------------


def test_test_call_tells_latency_and_is_counted(own: Service) -> None:
    groq = own.llm.factory.get_provider("groq")
    assert isinstance(groq, ScriptedProvider)
    groq._script = ["OK"]

    told = own.providers.test("groq", None)

    assert (told["ok"], told["error"], told["model"]) == (True, None, "openai/gpt-oss-120b")
    assert isinstance(told["latency_ms"], int)
    assert own.stores.tables.usage.summary((), "", None)[0]["calls"] == 1


def test_test_call_tells_what_is_wrong_with_its_category(own: Service) -> None:
    groq = own.llm.factory.get_provider("groq")
    assert isinstance(groq, ScriptedProvider)
    groq._script = [AuthenticationError("key refused", provider="groq", status=401)]

    first, second = own.providers.test("groq", None), own.providers.test("groq", None)

    assert first["error"] == {"category": "authentication", "message": "key refused"}
    assert fault(second)["category"] == "authentication"  # the closed key did not stand in the way


@pytest.mark.parametrize(("was_sent", "says"), [(True, "still load the model, or be slow"), (False, "may be used up")])
def test_test_call_that_takes_too_long_says_what_it_waited_for(
    start: Start, monkeypatch: pytest.MonkeyPatch, was_sent: bool, says: str
) -> None:
    monkeypatch.setattr("services.operations.trial._LIMIT_S", 0.5)
    with SimulatedVendor("openai", ["m"], lambda _number, _body: Reply(hang=True)) as server:
        platform = start({}, openai_base_url=server.url)
        limiter = platform.llm.accounts.of(platform.llm.targets(Preference("openai", "m"))[0])
        if not was_sent:
            limiter.in_flight = 1_000
        told = platform.providers.test("openai", "m")

    assert fault(told)["category"] == "timeout"
    assert says in fault(told)["message"]


def test_counts_of_models_are_those_that_are_offered(own: Service) -> None:
    offered = own.catalogue.models()["models"]

    counts = {row["provider_id"]: row["enabled_models"] for row in own.providers.stats()["providers"]}

    assert own.providers.stats()["enabled_models"] == len(offered)
    assert counts == {name: sum(row["provider"] == name for row in offered) for name in counts}


def test_test_call_makes_no_call_while_the_vendor_said_to_wait(own: Service) -> None:
    groq = own.llm.factory.get_provider("groq")
    assert isinstance(groq, ScriptedProvider)
    groq._script = [RateLimitError("slow", provider="groq", status=429, retry_after_s=600)]
    own.providers.test("groq", None)

    told = own.providers.test("groq", None)

    assert len(groq.requests) == 1
    assert "rate_limit" in fault(told)["message"]


def test_default_provider_may_be_one_that_was_added(own: Service, tmp_path: Path) -> None:
    added(own, api_key="sk-own-0123456789", default_model_id="m1")
    own.close()

    again = build(settings_for(tmp_path, encryption_key=KEY, default_provider="my-server"))

    assert again.llm.default_provider.id == "my-server"
    again.close()
