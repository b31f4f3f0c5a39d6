"""Which targets may serve a request, in which order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.adapters.base import AdapterSpec
from services.llm.adapters.pictures import Picture
from services.llm.adapters.scripted import ScriptedProvider
from services.llm.routing.factory import Credentials, LLMProviderFactory
from services.llm.routing.roster import Roster, RosterState
from services.llm_service import AUTO, LLMService, Preference, Prompt, Terms
from tests.fakes import provider_info, scripted_llm
from utils.clock import ManualClock
from utils.errors import ConfigurationError, InputError, RefusedError


def test_auto_works_at_all_providers_at_once_and_leaves_the_embedded_model_alone() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"], "local": ["x"]})
    groups = llm.chooser.groups(Preference(AUTO))

    assert [target.provider.id for target in llm.targets(Preference(AUTO))] == ["groq", "cerebras"]
    assert [len(group) > 1 for group in groups] == [True, True]
    assert all(len(group) == 1 for group in llm.chooser.groups(Preference(AUTO, allow_failover=False)))
    assert {t.provider.id for t in llm.chooser.groups(Preference("groq"))[0]} == {"groq", "cerebras"}
    assert {t.provider.id for t in llm.chooser.groups(Preference("local"))[0]} == {"local"}


def test_orders_of_providers_and_models_can_be_given() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"]})

    auto = Preference(AUTO, providers=("cerebras", "groq"), models=("groq/openai/gpt-oss-20b",))

    assert [target.name for target in llm.targets(auto)] == ["cerebras/gpt-oss-120b", "groq/openai/gpt-oss-20b"]
    with pytest.raises(InputError, match="Invalid provider: mistral"):
        llm.check(Preference(AUTO, providers=("mistral",)))


def test_budget_in_money_uses_only_models_of_known_price() -> None:
    llm, _ = scripted_llm({"mistral": ["x"]})
    priced = Preference("mistral", priced_only=True)

    names = [target.model.id for target in llm.chooser.groups(priced)[0]]

    assert names
    assert "mistral-small-2407" not in names
    with pytest.raises(InputError, match="has a known price"):
        llm.check(Preference("mistral", "made-up-model", allow_failover=False, priced_only=True))


def test_unknown_provider_lists_the_usable_ones() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"]})

    with pytest.raises(InputError, match=r"Invalid provider: mistral\. Available: groq, cerebras"):
        llm.check(Preference("mistral"))
    llm.check(Preference(AUTO))
    llm.check(Preference())


def test_nothing_set_up_is_said_with_the_next_step() -> None:
    llm, _ = scripted_llm({})

    with pytest.raises(InputError, match="set a key"):
        _ = llm.default_provider


# --- a small house of its own ----------------------------------------------------------------


def model(provider: str, name: str, price: float | None = None, **fields: object) -> ModelInfo:
    """Return a model; *price* in US dollars a million tokens, of prompts and answers alike."""
    priced = {} if price is None else {"price_input": price, "price_output": price}
    told = {"price_source": "a page", "price_date": "2026-01-01"} if priced else {}
    return ModelInfo.model_validate(
        {"provider": provider, "id": name, "context_window": 8000, **priced, **told, **fields}
    )


def provider(name: str, **fields: object) -> ProviderInfo:
    return provider_info(name).model_copy(update={"default_model": "", **fields})


MODELS = (
    model("groq", "large", 1.0),
    model("groq", "small", 0.1),
    model("groq", "unpriced"),
    model("groq", "off", 1.0, enabled=False),
    model("groq", "dead", 1.0, retired="2026-01-01", replacement="large"),
    model("cerebras", "fast", 2.0),
    model("cerebras", "small"),
    model("ollama", "own", 3.0),
    model("local", "tiny"),
)
PROVIDERS = (
    provider("groq", default_model="small"),
    provider("cerebras"),
    provider("ollama"),
    provider("local"),
)


def house(
    *names: str, default: str = "", addresses: Mapping[str, str] | None = None, models: Sequence[ModelInfo] = MODELS
) -> LLMService:
    """Return a way to the providers *names*, with an address of the user's own for some."""
    credentials = {name: Credentials("k", (addresses or {}).get(name, "")) for name in names}
    roster = Roster(RosterState(PROVIDERS, tuple(models), credentials))
    specs = [AdapterSpec(row.adapter, lambda config: ScriptedProvider(config, ["x"], ["listed"])) for row in PROVIDERS]
    return LLMService(LLMProviderFactory(roster, specs, 60), ManualClock(), default_provider=default)


def names_of(llm: LLMService, preference: Preference) -> list[list[str]]:
    return [[target.name for target in group] for group in llm.chooser.groups(preference)]


ALL_GROQ = ["groq/small", "groq/large", "groq/unpriced"]
ALL_CEREBRAS = ["cerebras/fast", "cerebras/small"]


@pytest.mark.parametrize(
    ("preference", "order"),
    [
        pytest.param(Preference(), [*ALL_GROQ, *ALL_CEREBRAS, "ollama/own"], id="default"),
        pytest.param(Preference("cerebras"), [*ALL_CEREBRAS, *ALL_GROQ, "ollama/own"], id="named-provider-first"),
        pytest.param(
            Preference("groq", "large"),
            ["groq/large", "groq/small", "groq/unpriced", *ALL_CEREBRAS, "ollama/own"],
            id="named-model-first-and-once",
        ),
        pytest.param(
            Preference("groq", "brand-new", providers=("groq",)), ["groq/brand-new", *ALL_GROQ], id="unknown-model"
        ),
        pytest.param(Preference("groq", "dead", allow_failover=False), ["groq/dead"], id="dead-model-by-name"),
        pytest.param(Preference("groq", allow_failover=False), ["groq/small"], id="no-failover-is-the-default-model"),
        pytest.param(Preference("groq", "off", allow_failover=False), ["groq/small"], id="disabled-model-is-passed-by"),
        pytest.param(
            Preference("groq", providers=("ollama",)), [*ALL_GROQ, "ollama/own"], id="only-given-providers-follow"
        ),
        pytest.param(
            Preference("groq", providers=("ollama", "cerebras", "groq")),
            [*ALL_GROQ, "ollama/own", *ALL_CEREBRAS],
            id="given-providers-follow-in-their-order",
        ),
        pytest.param(
            Preference("groq", models=("unpriced", "groq/large"), providers=("groq",)),
            ["groq/unpriced", "groq/large", "groq/small"],
            id="models-in-the-order-given",
        ),
        pytest.param(
            Preference("groq", models=("cerebras/small",), providers=("cerebras",)),
            [*ALL_GROQ, "cerebras/small", "cerebras/fast"],
            id="full-name-means-one-provider",
        ),
        pytest.param(
            Preference("cerebras", models=("small",), providers=("groq",)),
            ["cerebras/small", "cerebras/fast", "groq/small", "groq/large", "groq/unpriced"],
            id="bare-name-means-every-provider",
        ),
        pytest.param(
            Preference("groq", "unpriced", priced_only=True),
            ["groq/small", "groq/large", "cerebras/fast", "ollama/own"],
            id="only-priced-ones",
        ),
        pytest.param(Preference("groq", "unpriced", allow_failover=False, priced_only=True), [], id="nobody-is-left"),
        pytest.param(Preference("local"), ["local/tiny"], id="embedded-model-only-when-asked"),
        pytest.param(Preference("groq", providers=("local",)), [*ALL_GROQ, "local/tiny"], id="embedded-one-is-listed"),
    ],
)
def test_targets_of_one_provider_come_in_order_of_preference(preference: Preference, order: list[str]) -> None:
    assert names_of(house("groq", "cerebras", "ollama", "local"), preference) == [order]


@pytest.mark.parametrize(
    ("preference", "groups"),
    [
        pytest.param(Preference(AUTO), [ALL_GROQ, ALL_CEREBRAS, ["ollama/own"]], id="all-at-once"),
        pytest.param(
            Preference(AUTO, allow_failover=False),
            [["groq/small"], ["cerebras/fast"], ["ollama/own"]],
            id="one-of-each-without-failover",
        ),
        pytest.param(
            Preference(AUTO, providers=("ollama", "groq")), [["ollama/own"], ALL_GROQ], id="given-ones-in-their-order"
        ),
        pytest.param(Preference(AUTO, "ignored"), [ALL_GROQ, ALL_CEREBRAS, ["ollama/own"]], id="a-model-is-no-matter"),
        pytest.param(
            Preference(AUTO, priced_only=True),
            [["groq/small", "groq/large"], ["cerebras/fast"], ["ollama/own"]],
            id="only-priced-ones",
        ),
        pytest.param(Preference(AUTO, providers=("local",)), [["local/tiny"]], id="embedded-model-by-name"),
        pytest.param(Preference(AUTO, providers=("local",), priced_only=True), [], id="empty-groups-are-left-out"),
    ],
)
def test_auto_makes_a_group_of_each_provider(preference: Preference, groups: list[list[str]]) -> None:
    assert names_of(house("groq", "cerebras", "ollama", "local"), preference) == groups


@pytest.mark.parametrize("name", ["", AUTO, "local"])
def test_embedded_model_serves_who_has_nothing_else(name: str) -> None:
    llm = house("local")

    assert names_of(llm, Preference(name)) == [["local/tiny"]]
    assert llm.default_provider.id == "local"


def test_price_of_the_vendor_is_not_that_of_a_server_of_the_users_own() -> None:
    own = house("ollama", addresses={"ollama": "http://127.0.0.1:11434"})

    assert names_of(house("ollama"), Preference(AUTO, priced_only=True)) == [["ollama/own"]]
    assert names_of(own, Preference(AUTO, priced_only=True)) == []
    assert own.chooser.groups(Preference())[0][0].model.price_output is None


def test_address_of_the_users_own_takes_no_price_from_a_vendor_behind_a_proxy() -> None:
    behind = house("groq", addresses={"groq": "http://127.0.0.1:8080"})

    assert names_of(behind, Preference(AUTO, priced_only=True)) == [["groq/small", "groq/large"]]


def test_choice_follows_what_is_discovered_and_what_is_switched() -> None:
    llm = house("groq", "cerebras", addresses={"cerebras": "http://127.0.0.1:1"})
    before = llm.chooser.groups(Preference("cerebras"))
    assert llm.chooser.groups(Preference("cerebras")) is before  # it is kept while nothing changes

    llm.models.refresh(["cerebras"])
    assert names_of(llm, Preference("cerebras"))[0] == ["cerebras/listed", *ALL_GROQ]
    off = [row.model_copy(update={"enabled": row.id != "cerebras"}) for row in PROVIDERS]
    llm.adopt(RosterState(off, MODELS, {name: Credentials("k") for name in ("groq", "cerebras")}))

    assert names_of(llm, Preference("cerebras")) == [ALL_GROQ]
    assert names_of(llm, Preference(AUTO)) == [ALL_GROQ]


def test_whoever_has_no_failover_is_not_led_elsewhere_when_the_provider_goes() -> None:
    llm = house("groq")

    assert names_of(llm, Preference("cerebras", allow_failover=False)) == [[]]
    assert names_of(llm, Preference("cerebras")) == [ALL_GROQ]


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preference", "says"),
    [
        pytest.param(Preference("acme"), "Invalid provider: acme. Available: groq, cerebras, local", id="provider"),
        pytest.param(Preference("ollama"), "Invalid provider: ollama", id="not-set-up"),
        pytest.param(Preference(AUTO, providers=("groq", "acme")), "Invalid provider: acme", id="in-the-list"),
        pytest.param(Preference(AUTO, weights=(("acme", 2.0),)), "Invalid provider: acme", id="in-the-weights"),
        pytest.param(
            Preference("groq", "off"),
            "Disabled model: off. Available at groq: small, large, unpriced",
            id="disabled-model",
        ),
        pytest.param(Preference("local", "huge"), "Invalid model: huge. Available at local: tiny", id="embedded-model"),
        pytest.param(
            Preference("groq", models=("large", "nothing")), "models: got 'nothing', want ids of GET", id="models"
        ),
        pytest.param(Preference(AUTO, models=("groq/fast",)), "models: got 'groq/fast'", id="model-of-another"),
        pytest.param(
            Preference("groq", "unpriced", allow_failover=False, priced_only=True), "has a known price", id="no-price"
        ),
        pytest.param(Preference("a" * 500), f"Invalid provider: {'a' * 100}. Available", id="long-names-are-cut"),
    ],
)
def test_preference_that_cannot_be_met_is_refused_with_what_there_is(preference: Preference, says: str) -> None:
    llm = house("groq", "cerebras", "local")

    with pytest.raises(InputError, match=re.escape(says)):
        llm.check(preference)


@pytest.mark.parametrize(
    "preference",
    [
        pytest.param(Preference(), id="nothing-said"),
        pytest.param(Preference(AUTO, weights=(("groq", 3.0), ("cerebras", 1.0))), id="weights"),
        pytest.param(Preference("groq", "brand-new"), id="model-that-no-catalogue-knows"),
        pytest.param(Preference("groq", "dead"), id="dead-model-by-name"),
        pytest.param(Preference(AUTO, "off"), id="auto-names-no-model"),
        pytest.param(Preference("groq", models=("cerebras/fast", "tiny")), id="models-of-others"),
    ],
)
def test_preference_that_somebody_can_meet_is_taken(preference: Preference) -> None:
    house("groq", "cerebras", "local").check(preference)


def test_provider_without_one_usable_model_is_said() -> None:
    llm = house("groq")
    llm.adopt(RosterState(PROVIDERS, [MODELS[3]], {"groq": Credentials("k")}))

    with pytest.raises(InputError, match="no model may serve this request"):
        llm.check(Preference("groq"))


def test_daily_budget_in_money_asks_for_prices_of_everybody() -> None:
    llm = house("cerebras")
    llm.daily.max_cost_usd = 1.0

    assert [target.name for target in llm.targets(Preference("cerebras", "small"))] == ["cerebras/fast"]
    with pytest.raises(InputError, match="has a known price"):
        llm.check(Preference("cerebras", "small", allow_failover=False))


# --- the default provider --------------------------------------------------------------------


def test_default_provider_is_the_one_that_is_set_else_the_first_that_is_set_up() -> None:
    assert house("groq", "cerebras", default="cerebras").default_provider.id == "cerebras"
    assert house("groq", "cerebras", default="ollama").default_provider.id == "groq"
    assert house("cerebras", "local").default_provider.id == "cerebras"


def test_default_provider_that_is_not_set_up_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"DEFAULT_PROVIDER: got 'ollama', want one .*: groq, cerebras"):
        house("groq", "cerebras", default="ollama").chooser.check_default()

    house("groq", default="groq").chooser.check_default()
    house("groq").chooser.check_default()


def test_everybody_is_every_usable_model_of_every_usable_provider() -> None:
    llm = house("cerebras", "groq", "local")

    assert [target.name for target in llm.chooser.everybody()] == [*ALL_GROQ, *ALL_CEREBRAS, "local/tiny"]


SET_UP = ["groq", "cerebras", "ollama", "local"]
PREFERENCES = st.builds(
    Preference,
    provider=st.sampled_from(["", AUTO, *SET_UP]),
    model=st.sampled_from([None, "small", "large", "off", "dead", "new"]),
    allow_failover=st.booleans(),
    providers=st.lists(st.sampled_from(SET_UP), max_size=3, unique=True).map(tuple),
    models=st.lists(st.sampled_from(["small", "groq/large", "own"]), max_size=3, unique=True).map(tuple),
    priced_only=st.booleans(),
)


@given(PREFERENCES, st.lists(st.sampled_from(SET_UP), min_size=1, unique=True))
def test_no_target_stands_twice_or_is_off_or_was_not_asked_for(preference: Preference, usable: list[str]) -> None:
    llm = house(*usable)

    found = [target for group in llm.chooser.groups(preference) for target in group]

    assert len({target.name for target in found}) == len(found)
    assert {target.provider.id for target in found} <= set(usable)
    assert all(target.model.enabled for target in found)
    assert not preference.priced_only or all(target.model.price_input is not None for target in found)
    if not preference.allow_failover:
        assert all(len(group) <= 1 for group in llm.chooser.groups(preference))
    asked_for_it = "local" in (preference.provider, *preference.providers) or usable == ["local"]
    assert asked_for_it or "local" not in {target.provider.id for target in found}


# --- pictures --------------------------------------------------------------------------------

SEEING = (
    model("groq", "blind", 1.0, supports_vision=False),
    model("groq", "unknown", 1.0),
    model("groq", "seer", supports_vision=True),
    model("cerebras", "seer", 1.0, supports_vision=True),
    model("cerebras", "blind", supports_vision=False),
    model("ollama", "unknown"),
    model("local", "tiny", supports_vision=False),
)
SHOWN = Prompt(({"role": "user", "content": "Is it paid?"},), pictures=(Picture("image/png", b"x"),))
UPLOAD = "upload the page as a document, so that its text is recognised"


@pytest.mark.parametrize(
    ("preference", "order"),
    [
        pytest.param(Preference(), ["groq/seer", "cerebras/seer"], id="default"),
        pytest.param(Preference("cerebras"), ["cerebras/seer", "groq/seer"], id="named-provider-first"),
        pytest.param(Preference("groq", allow_failover=False), ["groq/seer"], id="one-provider"),
        pytest.param(Preference("groq", "seer", allow_failover=False), ["groq/seer"], id="named-model-that-sees"),
        pytest.param(Preference("groq", "blind", allow_failover=False), [], id="named-model-that-does-not"),
        pytest.param(Preference("groq", "blind"), ["groq/seer", "cerebras/seer"], id="another-for-one-that-does-not"),
        pytest.param(Preference("groq", "unknown", allow_failover=False), ["groq/unknown"], id="unknown-by-name"),
        pytest.param(Preference("groq", "brand-new", allow_failover=False), ["groq/brand-new"], id="new-by-name"),
        pytest.param(Preference(models=("unknown",)), ["groq/seer", "cerebras/seer"], id="unknown-is-only-preferred"),
        pytest.param(Preference("ollama", allow_failover=False), [], id="unknown-by-provider"),
        pytest.param(Preference(priced_only=True), ["cerebras/seer"], id="priced"),
    ],
)
def test_pictures_go_to_models_that_see(preference: Preference, order: list[str]) -> None:
    llm = house("groq", "cerebras", "ollama", models=SEEING)

    assert names_of(llm, replace(preference, sees=True)) == [order]


def test_pictures_go_to_all_who_see_at_once_where_auto_is_asked_for() -> None:
    llm = house("groq", "cerebras", "ollama", models=SEEING)

    assert names_of(llm, Preference(AUTO, sees=True)) == [["groq/seer"], ["cerebras/seer"]]


@pytest.mark.parametrize(
    ("preference", "names", "who"),
    [
        pytest.param(Preference("groq", "blind", allow_failover=False), ["groq"], "blind takes none", id="named"),
        pytest.param(Preference("ollama"), ["ollama"], "no model that may be used takes any", id="provider"),
        pytest.param(Preference(AUTO), ["ollama"], "no model that may be used takes any", id="auto"),
        pytest.param(Preference(), ["local"], "no model that may be used takes any", id="embedded-alone"),
    ],
)
def test_pictures_that_nobody_takes_are_refused_with_what_to_do(
    preference: Preference, names: list[str], who: str
) -> None:
    llm = house(*names, models=SEEING)
    message = f"pictures: {who}; name a model that sees (supports_vision in GET /api/models), or {UPLOAD}"

    llm.check(preference)
    with pytest.raises(InputError, match=re.escape(message)):
        llm.check(replace(preference, sees=True))
    with pytest.raises(InputError, match=re.escape(message)):
        llm.ask(SHOWN, preference, Terms(max_wait_s=0.0))


def test_what_else_leaves_no_target_is_not_put_down_to_pictures() -> None:
    llm = house("groq", models=SEEING[:1])

    with pytest.raises(InputError, match="has a known price"):
        llm.check(Preference("groq", "brand-new", allow_failover=False, priced_only=True, sees=True))


def test_prompt_with_pictures_is_asked_where_they_are_seen_and_carries_them() -> None:
    llm, made = scripted_llm({"groq": ["Paid."]})
    seen = llm.ask(SHOWN, Preference(), Terms(max_wait_s=0.0))
    unseen = llm.ask(replace(SHOWN, pictures=()), Preference(), Terms(max_wait_s=0.0))

    assert (seen.target.model.supports_vision, unseen.target.model.supports_vision) == (True, False)
    assert [request.pictures for request in made["groq"].requests] == [SHOWN.pictures, ()]


def test_no_blind_model_goes_on_where_the_one_that_sees_failed() -> None:
    llm, made = scripted_llm({"groq": [RefusedError("no"), "Paid."]})
    one = Preference(allow_failover=False)

    with pytest.raises(RefusedError):
        llm.complete(SHOWN, one, Terms(max_wait_s=0.0))

    assert len(made["groq"].requests) == 1
