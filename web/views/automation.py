"""What goes on by itself: templates of batches and the schedules that run them. Webhooks are beside it."""

from collections.abc import Mapping

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.automation_bodies import (
    ScheduleBody,
    ScheduleChange,
    TemplateArguments,
    TemplateBody,
    TemplateRunBody,
)
from models.fields import validated
from utils.access_tokens import Role
from utils.errors import InputError, NotFoundError
from web.page_spec import MenuEntry, PageSpec
from web.parts.field_faults import at_lines, by_field
from web.parts.once import Once
from web.rendering import asked, done, failed, page, sent
from web.session import needs

_SECTION = "ui.automation"
_EXAMPLE = "count: 100\njurisdiction: uk\nsample_type: balance\nmax_cost_usd: 2.5\n"


def _add_to(ui: Blueprint) -> None:
    once = Once()
    ui.add_url_rule("/automation", "automation", _automation)
    ui.add_url_rule("/automation/new", "new_template", _new)
    ui.add_url_rule("/automation/new", "add_template", _add, methods=["POST"])
    ui.add_url_rule("/automation/templates/<name>", "template", _template)
    ui.add_url_rule("/automation/templates/<name>", "change_template", _change, methods=["POST"])
    ui.add_url_rule("/automation/templates/<name>/run", "run_template", lambda name: _run(once, name), methods=["POST"])
    ui.add_url_rule("/automation/templates/<name>/delete", "delete_template", _delete, methods=["POST"])
    ui.add_url_rule("/automation/schedules", "add_schedule", _add_schedule, methods=["POST"])
    ui.add_url_rule("/automation/schedules/<schedule_id>/turn", "turn_schedule", _turn, methods=["POST"])
    ui.add_url_rule("/automation/schedules/<schedule_id>/delete", "delete_schedule", _delete_schedule, methods=["POST"])


def _automation() -> ResponseReturnValue:
    return _page({"template": request.args.get("template", "")}, {}, 200)


def _page(given: Mapping[str, str], faults: Mapping[str, str], status: int) -> ResponseReturnValue:
    templates = services().templates.all()
    return page(
        "automation/list.html",
        status,
        templates=templates,
        template_choices=[(row["name"], row["name"]) for row in templates],
        schedules=services().schedules.all(),
        chosen=given,
        faults=faults,
        once=Once.key(),
    )


# --- templates -----------------------------------------------------------------------------


@needs(Role.WRITE)
def _new() -> ResponseReturnValue:
    return _form({"yaml": _EXAMPLE, **asked()}, {}, 200)


def _form(given: Mapping[str, str], faults: Mapping[str, str], status: int) -> ResponseReturnValue:
    return page("automation/new_template.html", status, section=_SECTION, chosen=given, faults=faults)


def _add() -> ResponseReturnValue:
    given = sent()
    name = given.get("name", "").strip()
    if _is_there(name):
        return _form(
            given, {"name": f"There is a template {name} already. Change that one, or choose another name."}, 400
        )
    try:
        services().templates.put(name, _body(given))
    except InputError as error:
        return _form(given, _faults(str(error), given), 400)
    return done(f"The template {name} is kept.", url_for("ui.template", name=name))


def _is_there(name: str) -> bool:
    try:
        services().templates.get(name)
    except NotFoundError:
        return False
    return True


def _body(given: Mapping[str, str]) -> TemplateBody:
    return validated(TemplateBody, {"yaml": _yaml(given), "note": given.get("note", "")})


def _yaml(given: Mapping[str, str]) -> str:
    """Return the recipe that was sent; browsers end its lines by CR and LF."""
    return given.get("yaml", "").replace("\r\n", "\n")


def _faults(message: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong by the field of the form: all but the name and the note stands in the YAML."""
    own = by_field(message, ("name", "note", "yaml"))
    rest = own.pop("", "")
    return {**own, "yaml": at_lines(message, _yaml(given))} if rest else own


def _template(name: str) -> ResponseReturnValue:
    version = validated(TemplateArguments, asked()).version
    return _one(name, version, {}, {}, 200)


def _one(
    name: str, version: int | None, given: Mapping[str, str], faults: Mapping[str, str], status: int
) -> ResponseReturnValue:
    shown = services().templates.get(name, version)
    return page(
        "automation/template.html",
        status,
        section=_SECTION,
        template=shown,
        versions=services().templates.versions(name),
        chosen={"yaml": shown["yaml"], **given},
        faults=faults,
        schedules=[row for row in services().schedules.all() if row["template"] == name],
        once=Once.key(),
    )


def _change(name: str) -> ResponseReturnValue:
    """Keep the next version of a template; NotFoundError where there is none."""
    given, before = sent(), services().templates.get(name)
    address = url_for("ui.template", name=name)
    if _yaml(given) == before["yaml"] and "note" not in given:
        return done("Nothing is new in it.", address)
    try:
        kept = services().templates.put(name, _body(given))
    except InputError as error:
        return _one(name, None, given, _faults(str(error), given), 400)
    return done(f"Version {kept['version']} is kept.", address)


def _run(once: Once, name: str) -> ResponseReturnValue:
    form = sent()
    key = form.pop("once", "")
    try:
        body = validated(TemplateRunBody, form)
        made = f"{key} {name} {body.model_dump_json()}" if key else ""
        batch_id = once.run(made, lambda: services().templates.run(name, body)["batch_id"])
    except InputError as error:
        return failed(str(error), url_for("ui.template", name=name) if _is_there(name) else url_for("ui.automation"))
    return done("The batch was started.", url_for("ui.batch", batch_id=batch_id))


def _delete(name: str) -> ResponseReturnValue:
    services().templates.delete(name)
    return done(f"The template {name} was deleted. Its batches stay.", url_for("ui.automation"))


# --- schedules -----------------------------------------------------------------------------


def _add_schedule() -> ResponseReturnValue:
    given = sent()
    try:
        made = services().schedules.add(validated(ScheduleBody, given))
    except InputError as error:
        return _page(given, by_field(str(error), ScheduleBody.model_fields), 400)
    return done(f"{made['template']} runs by itself from now on.", _schedules())


def _turn(schedule_id: str) -> ResponseReturnValue:
    wanted = validated(ScheduleChange, sent())
    row = services().schedules.turn(schedule_id, wanted.is_on)
    return done(f"The schedule of {row['template']} is {'on' if row['is_on'] else 'off'}.", _schedules())


def _delete_schedule(schedule_id: str) -> ResponseReturnValue:
    services().schedules.delete(schedule_id)
    return done("The schedule was deleted. Its batches stay.", _schedules())


def _schedules() -> str:
    return url_for("ui.automation", _anchor="schedules")


SPEC = PageSpec(_add_to, MenuEntry(25, _SECTION, "clock", "Automation"))
