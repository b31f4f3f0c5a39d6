"""Discovery: the catalogue met with what each provider lists."""

import pytest

from services.catalogue.catalogue import ModelInfo
from services.llm.routing.model_catalogue import ModelCatalogue
from services.llm.routing.roster import Roster, RosterState
from tests.fakes import ROSTER, provider_info
from utils.clock import ManualClock
from utils.errors import (
    AppError,
    InputError,
    ModelUnavailableError,
    ProviderConnectionError,
    ProviderServerError,
    RateLimitError,
)

GROQ = provider_info("groq")


def catalogue_listing(*names: str) -> ModelCatalogue:
    made = ModelCatalogue(ROSTER, lambda _: list(names))
    made.refresh(["groq", "ollama"])
    return made


def test_without_discovery_dead_models_are_left_out() -> None:
    models = ModelCatalogue(ROSTER, lambda _: []).usable(GROQ)

    assert models[0].id == GROQ.default_model
    assert "llama-3.3-70b-versatile" not in {model.id for model in models}


def test_discovery_brings_a_dead_model_back_and_takes_an_unlisted_one_away() -> None:
    models = catalogue_listing("llama-3.3-70b-versatile", "never-heard-of").usable(GROQ)

    assert [model.id for model in models] == ["llama-3.3-70b-versatile"]


def test_server_of_the_users_own_offers_what_it_lists() -> None:
    models = catalogue_listing("mistral:7b").usable(provider_info("ollama"))

    assert [model.id for model in models] == ["mistral:7b"]


def test_failed_discovery_is_remembered_and_the_catalogue_stands() -> None:
    def fail(_: str) -> list[str]:
        raise ProviderConnectionError("refused")

    made = ModelCatalogue(ROSTER, fail)
    made.refresh(["groq"])

    assert made.discovery("groq").reason == "refused"
    assert made.usable(GROQ)


def test_list_is_asked_for_again_when_it_is_old_or_a_model_of_it_was_missing() -> None:
    clock, asked = ManualClock(), []

    def listing(name: str) -> list[str]:
        asked.append(name)
        return []

    made = ModelCatalogue(ROSTER, listing, clock=clock)
    made.refresh(["groq", "cerebras"])
    made.doubt("groq")
    made.refresh_due(["groq", "cerebras"])  # just asked: a dead model must not become a storm of lists
    clock.advance(301)
    made.refresh_due(["groq", "cerebras"])
    clock.advance(6 * 3600 - 300)
    made.refresh_due(["groq", "cerebras"])

    assert asked == ["groq", "cerebras", "groq", "cerebras"]


def test_dead_model_asked_for_by_name_is_tried_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    made = ModelCatalogue(ROSTER, lambda _: [])

    assert made.find(GROQ, "llama-3.3-70b-versatile").retired
    assert made.find(GROQ, "brand-new").context_window == 8192
    assert [record.__dict__["replacement"] for record in caplog.records] == ["openai/gpt-oss-120b"]


# --- what may be chosen ----------------------------------------------------------------------

OWN = provider_info("ollama").model_copy(update={"default_model": "b"})


def known(name: str, **fields: object) -> ModelInfo:
    return ModelInfo.model_validate({"provider": "ollama", "id": name, "context_window": 4096, **fields})


def house(
    *listed: str, models: tuple[ModelInfo, ...] = (known("a"), known("b")), own_address: bool = True
) -> ModelCatalogue:
    """Return a catalogue of Ollama's *models*, of which Ollama lists *listed*; nothing was asked for without any."""
    made = ModelCatalogue(Roster(RosterState([OWN], models, {})), lambda _: list(listed), lambda _: own_address)
    if listed:
        made.refresh(["ollama"])
    return made


def ids(models: list[ModelInfo]) -> list[str]:
    return [model.id for model in models]


@pytest.mark.parametrize(
    ("made", "usable"),
    [
        pytest.param(house(), ["b", "a"], id="never-asked-the-default-first"),
        pytest.param(house("a", "b"), ["b", "a"], id="both-listed"),
        pytest.param(house("a"), ["a"], id="unlisted-one-is-left-out"),
        pytest.param(house("a", "c"), ["a"], id="what-only-the-list-has-waits-to-be-named"),
        pytest.param(house("c", "d"), ["c", "d"], id="own-server-that-has-none-of-ours-offers-what-it-lists"),
        pytest.param(house("c", own_address=False), [], id="vendor-that-has-none-of-ours-offers-none"),
        pytest.param(house(models=()), [], id="nothing-known-and-nothing-listed"),
        pytest.param(house(models=(known("a"), known("b", enabled=False))), ["a"], id="disabled-default"),
        pytest.param(house("b", models=(known("b", enabled=False),)), [], id="disabled-though-listed"),
        pytest.param(house(models=(known("a", retired="2026-01-01"),)), [], id="dead"),
        pytest.param(house("a", models=(known("a", retired="2026-01-01"),)), ["a"], id="dead-one-that-is-listed-again"),
        pytest.param(
            house("c", models=(known("c", discovered=True),)), ["c"], id="one-that-was-discovered-and-then-kept"
        ),
        pytest.param(
            house("c", "d", models=(known("c", discovered=True),)),
            ["c", "d"],
            id="what-a-user-changed-of-a-discovered-one-takes-none-of-the-others-away",
        ),
        pytest.param(
            house("c", "d", models=(known("c", discovered=True, enabled=False),)),
            ["d"],
            id="a-discovered-one-that-is-switched-off",
        ),
    ],
)
def test_models_that_may_be_chosen(made: ModelCatalogue, usable: list[str]) -> None:
    assert ids(made.usable(OWN)) == usable


def test_empty_list_is_no_list() -> None:
    made = ModelCatalogue(Roster(RosterState([OWN], [known("a")], {})), lambda _: [])

    made.refresh(["ollama"])

    assert made.discovery("ollama").listed == ()
    assert ids(made.usable(OWN)) == ["a"]


def test_all_that_is_known_or_listed_is_shown_and_what_only_the_list_has_is_off() -> None:
    shown = house("b", "c", models=(known("a"), known("b"), known("z", enabled=False))).all_of(OWN)

    assert [(model.id, model.enabled) for model in shown] == [("a", True), ("b", True), ("z", False), ("c", False)]
    assert [(row.id, row.enabled) for row in house("c", "d").all_of(OWN)] == [
        ("a", True),
        ("b", True),
        ("c", True),
        ("d", True),
    ]


@pytest.mark.parametrize(
    ("made", "name", "context", "discovered", "warns"),
    [
        pytest.param(house(), "a", 4096, False, False, id="known"),
        pytest.param(house(), "new", 8192, True, False, id="unknown"),
        pytest.param(house(models=(known("a", retired="2026-01-01"),)), "a", 4096, False, True, id="dead"),
        pytest.param(house("a", models=(known("a", retired="2026-01-01"),)), "a", 4096, False, False, id="back-again"),
    ],
)
def test_model_that_is_named_is_found_whatever_is_known_of_it(
    made: ModelCatalogue, name: str, context: int, discovered: bool, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    found = made.find(OWN, name)

    assert (found.provider, found.id, found.context_window, found.discovered) == ("ollama", name, context, discovered)
    assert bool(caplog.records) is warns


# --- when lists are asked for ----------------------------------------------------------------


class Lists:
    """Providers that list what they are told to, or fail; and who was asked."""

    def __init__(self, own: bool = True) -> None:
        self.clock = ManualClock()
        self.arrived = 0
        self.asked: list[str] = []
        self.answers: dict[str, list[str] | AppError] = {}
        self.made = ModelCatalogue(ROSTER, self._list, lambda _: own, self.clock, self._arrive)

    def _arrive(self) -> None:
        self.arrived += 1

    def _list(self, name: str) -> list[str]:
        self.asked.append(name)
        answer = self.answers.get(name, ["m"])
        if isinstance(answer, AppError):
            raise answer
        return answer


def test_provider_that_was_never_asked_has_no_list_and_says_so() -> None:
    found = Lists().made.discovery("groq")

    assert (found.listed, found.reason) == (None, "not asked yet")


@pytest.mark.parametrize(
    ("seconds", "doubted", "due"),
    [
        pytest.param(0, False, [], id="just-asked"),
        pytest.param(6 * 3600 - 1, False, [], id="not-old-yet"),
        pytest.param(6 * 3600, False, ["groq"], id="old"),
        pytest.param(299, True, [], id="in-doubt-and-just-asked"),
        pytest.param(300, True, ["groq"], id="in-doubt"),
    ],
)
def test_list_is_due_when_it_is_old_or_in_doubt(seconds: float, doubted: bool, due: list[str]) -> None:
    lists = Lists()
    assert lists.made.refresh_due(["groq"]) == ["groq"]  # it was missing
    if doubted:
        lists.made.doubt("groq")

    lists.clock.advance(seconds)

    assert lists.made.refresh_due(["groq"]) == due
    assert lists.asked == ["groq", *due]


def test_doubt_ends_with_the_next_list() -> None:
    lists = Lists()
    lists.made.refresh(["groq"])
    lists.made.doubt("groq")
    lists.made.refresh(["groq"])

    lists.clock.advance(301)

    assert lists.made.refresh_due(["groq"]) == []


def test_failure_of_one_list_keeps_no_other_from_being_asked_for() -> None:
    lists = Lists()
    lists.answers = {"groq": ProviderConnectionError("refused"), "ollama": InputError("not set up")}

    lists.made.refresh(["groq", "ollama", "cerebras"])

    assert [lists.made.discovery(name).reason for name in ("groq", "ollama", "cerebras")] == [
        "refused",
        "not set up",
        "",
    ]
    assert lists.made.discovery("cerebras").listed == ("m",)
    assert lists.made.refresh_due(["groq"]) == []  # a list that failed is not asked for all the time


@pytest.mark.parametrize(("own", "after_s"), [(True, 30), (False, 300)])
def test_list_that_failed_is_asked_for_again_soon(own: bool, after_s: int) -> None:
    clock, asked = ManualClock(), []

    def loading(name: str) -> list[str]:
        asked.append(name)
        raise ProviderConnectionError("Loading model")

    made = ModelCatalogue(ROSTER, loading, lambda _: own, clock)
    made.refresh_due(["openai"])
    clock.advance(after_s - 1)
    made.refresh_due(["openai"])
    clock.advance(1)
    made.refresh_due(["openai"])

    assert asked == ["openai"] * 2


def test_failed_list_of_a_vendor_takes_the_place_of_an_older_one() -> None:
    lists = Lists(own=False)
    lists.made.refresh(["groq"])
    lists.answers["groq"] = ProviderConnectionError("refused")

    lists.made.refresh(["groq"])

    assert lists.made.discovery("groq").listed is None
    assert lists.made.usable(GROQ)[0].id == GROQ.default_model


def test_provider_that_is_reached_in_another_way_is_asked_again() -> None:
    lists = Lists()
    lists.made.refresh(["groq", "cerebras"])

    lists.made.forget("groq")
    lists.made.forget("never-heard-of")

    assert lists.made.discovery("groq").reason == "not asked yet"
    assert lists.made.refresh_due(["groq", "cerebras"]) == ["groq"]


def test_every_change_of_a_list_is_counted() -> None:
    lists = Lists()
    assert lists.made.changes == 0

    lists.made.refresh(["groq", "cerebras"])
    lists.made.doubt("groq")
    lists.made.forget("groq")

    assert lists.made.changes == 3


# --- what only the list of a server of the user's own can tell -------------------------------

REFUSED = ProviderConnectionError("refused")


def awaited(lists: Lists) -> set[bool]:
    return {model.awaited for model in lists.made.usable(GROQ)}


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        pytest.param(["openai/gpt-oss-120b"], False, id="listed"),
        pytest.param([], False, id="has-no-list"),
        pytest.param(ModelUnavailableError("no such page", status=404), False, id="gives-no-list"),
        pytest.param(REFUSED, True, id="not-there"),
        pytest.param(ProviderServerError("loading", status=503), True, id="still-starting"),
        pytest.param(RateLimitError("later", status=429), True, id="asked-too-often"),
    ],
)
def test_models_of_an_own_server_are_awaited_until_it_says_what_it_has(
    answer: list[str] | AppError, waits: bool
) -> None:
    lists = Lists()
    lists.answers["groq"] = answer
    assert awaited(lists) == {True}

    lists.made.refresh(["groq"])

    assert awaited(lists) == {waits}
    assert lists.arrived == (not waits)


def test_models_of_a_vendor_are_never_awaited() -> None:
    lists = Lists(own=False)
    lists.answers["groq"] = REFUSED
    assert awaited(lists) == {False}

    lists.made.refresh(["groq"])

    assert awaited(lists) == {False}


def test_model_that_a_user_named_is_not_awaited() -> None:
    models = (
        Lists().made.find(GROQ, "house-model"),
        *house(models=(known("a"), known("c", discovered=True))).usable(OWN),
    )

    assert [(model.id, model.awaited) for model in models] == [("house-model", False), ("a", True), ("c", False)]


def test_list_of_an_own_server_stands_while_the_next_does_not_come_and_is_asked_for_soon() -> None:
    lists = Lists()
    lists.answers["groq"] = ["house-model"]
    lists.made.refresh(["groq"])
    lists.answers["groq"] = REFUSED

    lists.made.refresh(["groq"])
    lists.clock.advance(30)

    assert ids(lists.made.usable(GROQ)) == ["house-model"]
    assert lists.made.discovery("groq").reason == "refused"
    assert lists.made.refresh_due(["groq"]) == ["groq"]


def test_caller_asks_for_a_list_that_is_awaited_but_not_all_the_time() -> None:
    lists = Lists()
    lists.answers["groq"] = REFUSED
    for seconds in (0, 4, 1):  # never asked, just asked, asked a while ago
        lists.clock.advance(seconds)
        lists.made.ask_awaited("groq")
    assert lists.asked == ["groq"] * 2

    lists.answers["groq"] = ["house-model"]
    for _ in range(3):
        lists.clock.advance(60)
        lists.made.ask_awaited("groq")

    assert lists.asked == ["groq"] * 3


def test_own_servers_are_asked_before_vendors() -> None:
    asked: list[str] = []

    def listing(name: str) -> list[str]:
        asked.append(name)
        return ["m"]

    ModelCatalogue(ROSTER, listing, lambda name: name == "ollama").refresh_due(["groq", "ollama", "cerebras"])

    assert asked == ["ollama", "groq", "cerebras"]
