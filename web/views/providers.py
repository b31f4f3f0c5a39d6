"""Providers and models: what is ready, keys, limits, the order of models, what they cost; the embedded model."""

from collections.abc import Iterator

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.management_bodies import (
    ModelOrder,
    ModelPriority,
    ModelReference,
    NewProvider,
    ProviderChange,
    ProviderConfigChange,
    ProviderTest,
)
from models.fields import validated
from utils.access_tokens import Role
from web.page_spec import MenuEntry, PageSpec
from web.parts.live import END, follow, message
from web.parts.providers import by_name, changed_fields, moves, now_of, outcome, state_of
from web.rendering import done, failed, is_part, page, sent
from web.session import may, needs

_FIELDS = ("name", "base_url", "requests_per_minute", "tokens_per_minute", "default_model_id", "champion_model_id")


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/providers", "providers", _providers)
    ui.add_url_rule("/providers/add", "add_provider", _add, methods=["POST"])
    ui.add_url_rule("/providers/embedded/fetch", "fetch_embedded", _fetch, methods=["POST"])
    ui.add_url_rule("/providers/embedded/stream", "embedded_stream", _embedded_stream)
    ui.add_url_rule("/providers/<provider:name>", "provider", _provider)
    for action, view in (
        ("toggle", _toggle),
        ("change", _change),
        ("key", _set_key),
        ("remove", _remove),
        ("test", _test),
        ("move", _move),
        ("order", _order),
        ("switch", _switch),
    ):
        ui.add_url_rule(f"/providers/<provider:name>/{action}", f"{action}_provider", view, methods=["POST"])


# --- all -----------------------------------------------------------------------------------


def _providers() -> ResponseReturnValue:
    platform = services()
    summary = platform.usage.summary("provider")
    embedded = platform.embedded.state()
    counts = {row["provider_id"]: row for row in platform.providers.stats()["providers"]}
    return page(
        "models/list.html",
        embedded=embedded,
        providers=[
            (row, state_of(row, embedded), counts.get(row["id"]))
            for row in platform.providers.all(include_models=False)
        ],
        usage=by_name(summary["usage"]),
        total=summary["total"],
        by_model=platform.usage.summary("provider,model")["usage"],
    )


@needs(Role.ADMIN)
def _add() -> ResponseReturnValue:
    made, check = services().providers.add(validated(NewProvider, sent()))
    address = url_for("ui.provider", name=made["id"])
    said = f"{made['name']} was added. {outcome(check)}".strip()
    return failed(said, address) if check is not None and check["result"] == "refused" else done(said, address)


@needs(Role.ADMIN)
def _fetch() -> ResponseReturnValue:
    state = services().embedded.fetch()
    said = f"{state['model']} is here." if state["stage"] == "ready" else f"{state['model']} is being fetched."
    return done(said, url_for("ui.providers"))


def _embedded_stream() -> ResponseReturnValue:
    """Send how far the fetching of the embedded model is, until it ends."""
    room = services().embedded

    def parts(_: bytes) -> Iterator[bytes]:
        state = room.state()
        yield message(render_template("models/embedded.html", embedded=state))
        if state["stage"] != "fetching":
            yield END

    return follow(room.events, room.events.subscribe(lambda: (), shared=False), parts)


# --- one -----------------------------------------------------------------------------------


def _provider(name: str) -> ResponseReturnValue:
    return page("models/one.html", section="ui.providers", **_shown(name))


def _shown(name: str) -> dict[str, object]:
    platform = services()
    row, embedded = platform.providers.one(name), platform.embedded.state()
    targets = {one["model"]: one for one in platform.usage.targets() if one["provider"] == name}
    usage = [one for one in platform.usage.summary("provider,model")["usage"] if one.get("provider") == name]
    return {
        "row": row,
        "state": state_of(row, embedded),
        "config": platform.providers.config(name) if may("admin") else None,
        "moves": moves(row["models"]),
        "others": [one for one in row["models"] if not one["enabled"]],
        "targets": targets,
        "now_of": now_of,
        "usage": usage,
        "embedded": embedded,
    }


def _models(name: str, said: str) -> ResponseReturnValue:
    """Show the models of a provider after a change: the list alone, or the page."""
    if is_part():
        return page("models/models.html", **_shown(name))
    return done(said, url_for("ui.provider", name=name, _anchor="models"))


@needs(Role.ADMIN)
def _toggle(name: str) -> ResponseReturnValue:
    changed, _ = services().providers.toggle(name)
    said = f"{changed['name']} is {'on' if changed['enabled'] else 'off'}."
    return done(said, url_for("ui.provider", name=name))


@needs(Role.ADMIN)
def _change(name: str) -> ResponseReturnValue:
    before = services().providers.one(name)
    address = url_for("ui.provider", name=name)
    given = changed_fields(request.form, before, _FIELDS)
    if not given:
        return done("Nothing was changed.", address)
    changed, _ = services().providers.update(name, validated(ProviderChange, given))
    lost = before["has_api_key"] and not changed["has_api_key"]
    said = " Its key belonged to the old address: store one for the new." if lost else ""
    return done(f"{changed['name']} was changed.{said}", address)


@needs(Role.ADMIN)
def _set_key(name: str) -> ResponseReturnValue:
    key = request.form.get("api_key", "").strip()
    address = url_for("ui.provider", name=name)
    if not key and request.form.get("remove") != "yes":
        return failed("Paste a key first.", address)
    _, _, check = services().providers.set_config(name, validated(ProviderConfigChange, {"api_key": key or None}))
    if check is not None and check["result"] == "refused":
        return failed(outcome(check), address)
    return done(outcome(check) or "The stored key was removed.", address)


@needs(Role.ADMIN)
def _remove(name: str) -> ResponseReturnValue:
    services().providers.remove(name)
    return done(f"{name} was removed.", url_for("ui.providers"))


@needs(Role.ADMIN)
def _test(name: str) -> ResponseReturnValue:
    wanted = validated(ProviderTest, sent())
    result = services().providers.test(name, wanted.model)
    if is_part():
        return page("models/test.html", result=result)
    return page("models/one.html", section="ui.providers", result=result, **_shown(name))


@needs(Role.ADMIN)
def _move(name: str) -> ResponseReturnValue:
    form = request.form
    wanted = validated(ModelPriority, {"provider_id": name, "fallback_priority": form.get("place")})
    services().models.set_priority(form.get("model", ""), wanted.fallback_priority or 0, name)
    return _models(name, f"{form.get('model', '')} was moved.")


@needs(Role.ADMIN)
def _order(name: str) -> ResponseReturnValue:
    wanted = validated(ModelOrder, {"provider_id": name, "model_order": request.form.getlist("order")})
    services().models.reorder(name, wanted.model_order)
    return _models(name, "The order was changed.")


@needs(Role.ADMIN)
def _switch(name: str) -> ResponseReturnValue:
    wanted = validated(ModelReference, {"provider_id": name})
    changed, _ = services().models.toggle(request.form.get("model", ""), wanted.provider_id)
    return _models(name, f"{changed['display_name']} is {'on' if changed['enabled'] else 'off'}.")


SPEC = PageSpec(_add_to, MenuEntry(55, "ui.providers", "cpu-chip", "Models"))
