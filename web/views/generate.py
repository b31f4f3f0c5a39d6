"""The form that starts a batch, and beside it what the batch would make, cost and take."""

from dataclasses import dataclass

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.answers.batch_reports import BatchPlan
from models.contract.arguments import DocumentsArguments
from models.contract.bodies import BatchRequest
from models.fields import ALIAS_DIFFICULTY, DIFFICULTIES, validated
from utils.access_tokens import Role
from utils.errors import AppError, InputError
from web.page_spec import MenuEntry, PageSpec
from web.parts import batch_form, batch_plan
from web.parts.batch_form import Fault, Filled
from web.parts.once import Once
from web.rendering import done, is_part, page
from web.session import needs

_DOCUMENTS = 200
_KEY = "once"


def _add_to(ui: Blueprint) -> None:
    once = Once()
    ui.add_url_rule("/generate", "generate", _form)
    ui.add_url_rule("/generate", "start_batch", lambda: _start(once), methods=["POST"])
    ui.add_url_rule("/generate/plan", "plan_batch", _plan, methods=["POST"])


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a form would start, or what is wrong with it."""

    plan: BatchPlan | None = None
    faults: tuple[Fault, ...] = ()
    is_judged: bool = False


def _form() -> ResponseReturnValue:
    if not any(row["enabled"] for row in services().providers.all(include_models=False)):
        return page("generate_without_provider.html", section="ui.generate")
    catalogue = services().catalogue
    writer = batch_form.usual_writer(catalogue.providers()["providers"])
    form = batch_form.first_filled(request.args.to_dict(flat=False), writer, catalogue.topics("all"))
    return _page(form, _planned(form))


@needs(Role.READ)
def _plan() -> ResponseReturnValue:
    form = Filled(request.form.to_dict(flat=False))
    planned = _planned(form)
    if is_part():
        return page("parts/batch_plan.html", 200, **_plan_values(planned))
    return _page(form, planned, 400 if planned.faults else 200)


def _start(once: Once) -> ResponseReturnValue:
    form = Filled(request.form.to_dict(flat=False))
    try:
        body = validated(BatchRequest, batch_form.body_of(form))
        # The browser may bring an old form back: changed, it asks for another batch.
        key = f"{form.one(_KEY)} {body.model_dump_json()}" if form.one(_KEY) else ""
        batch_id = once.run(key, lambda: services().batches.start(body)["batch_id"])
    except InputError as error:
        return _page(form, _Planned(faults=tuple(batch_form.faults_in(str(error)))), 400)
    return done("The batch was started.", url_for("ui.batch", batch_id=batch_id))


def _planned(form: Filled) -> _Planned:
    try:
        body = validated(BatchRequest, batch_form.body_of(form))
        return _Planned(services().batches.plan(body), is_judged=body.judge is not None)
    except AppError as error:  # told in the place of the plan, where the form keeps what was filled in
        return _Planned(faults=tuple(batch_form.faults_in(str(error))))


def _plan_values(planned: _Planned) -> dict[str, object]:
    plan = planned.plan
    if plan is None:
        return {"plan": None, "faults": planned.faults}
    return {
        "plan": plan,
        "faults": (),
        "cost": batch_plan.cost_words(plan),
        "time": batch_plan.time_words(plan),
        "time_note": batch_plan.time_note(plan),
        "warnings": batch_plan.warnings(plan),
        "notes": batch_plan.notes(plan, is_judged=planned.is_judged, has_embedded=_has_embedded()),
    }


def _has_embedded() -> bool:
    return any(row["id"] == batch_form.EMBEDDED for row in services().catalogue.providers()["providers"])


def _page(form: Filled, planned: _Planned, status: int = 200) -> ResponseReturnValue:
    catalogue = services().catalogue
    providers, models = catalogue.providers()["providers"], catalogue.models()["models"]
    jurisdictions = catalogue.jurisdictions()["jurisdictions"]
    documents, more = services().documents.some(DocumentsArguments(limit=_DOCUMENTS, status="ready"))
    return page(
        "generate.html",
        status,
        form=form,
        once=Once.key(),
        topics=batch_form.topic_choices(catalogue.topics("all"), jurisdictions),
        jurisdictions=jurisdictions,
        kinds=catalogue.sample_types()["sample_types"],
        levels=catalogue.difficulties(),
        alias=ALIAS_DIFFICULTY,
        usual_levels=[name for name in DIFFICULTIES if name != ALIAS_DIFFICULTY],
        providers=providers,
        writers=batch_form.writer_choices(providers, models),
        is_embedded=batch_form.only_embedded(providers),
        documents=documents,
        documents_left_out=max(0, more - len(documents)),
        **_plan_values(planned),
    )


SPEC = PageSpec(_add_to, MenuEntry(20, "ui.generate", "sparkles", "Generate"))
