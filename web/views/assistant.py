"""The assistant: conversations whose answers are told word by word, what may be started, memories."""

from collections.abc import Iterator

from flask import Blueprint, Response, current_app, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import event_stream, services
from api.edge.users import user_of
from models.contract.answers.grounding import DocumentRow
from models.contract.assistant_bodies import MemoryBody, SessionsArguments, SessionStart
from models.contract.query_bodies import QueryBody
from models.fields import validated
from utils.errors import NotFoundError
from web.page_spec import MenuEntry, PageSpec
from web.parts.answering import Said, Telling, model_of, of_run, of_turn
from web.parts.live import END, SILENCE, message
from web.rendering import done, page, sent

_SESSIONS = 40
_TURNS, _ALL_TURNS = 20, 500


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/assistant", "assistant", _new)
    ui.add_url_rule("/assistant/ask", "ask", _ask, methods=["POST"])
    ui.add_url_rule("/assistant/memories", "memories", _memories)
    ui.add_url_rule("/assistant/memories", "remember", _remember, methods=["POST"])
    ui.add_url_rule("/assistant/memories/delete", "forget", _forget, methods=["POST"])
    ui.add_url_rule("/assistant/runs/<path:run_id>/stream", "run_stream", _stream)
    ui.add_url_rule("/assistant/runs/<path:run_id>/cancel", "cancel_run", _cancel, methods=["POST"])
    ui.add_url_rule("/assistant/<path:session_id>/delete", "delete_session", _delete, methods=["POST"])
    ui.add_url_rule("/assistant/<path:session_id>", "conversation", _conversation)


# --- conversations -------------------------------------------------------------------------


def _new() -> ResponseReturnValue:
    return page("assistant/conversation.html", session=None, turns=[], run_id="", mode="chat", **_around())


def _around() -> dict[str, object]:
    """Return what stands around a conversation."""
    sessions, total = services().assistant.sessions.some(SessionsArguments(limit=_SESSIONS), user_of(None))
    catalogue = services().catalogue
    return {
        "section": "ui.assistant",
        "document": _document(request.args.get("file_id")),
        "sessions": sessions,
        "total": total,
        "models": [2 * (f"{one['provider']}/{one['id']}",) for one in catalogue.models()["models"]],
        "jurisdictions": [(one["id"], one["name"]) for one in catalogue.jurisdictions()["jurisdictions"]],
        "has_batches": "ui.batch" in current_app.view_functions,
    }


def _document(file_id: str | None) -> DocumentRow | None:
    """Return the document that alone is asked about; None for all, or where it was deleted since."""
    try:
        return services().documents.get(file_id) if file_id else None
    except NotFoundError:
        return None


def _conversation(session_id: str) -> ResponseReturnValue:
    platform = services()
    limit = _ALL_TURNS if request.args.get("all") else _TURNS
    run_id = platform.queries.under_way(session_id) or request.args.get("run", "")
    # Before the turns are read: a run that is done then has its turn among them. One that still runs may have it there
    # as well, since a turn is kept before its run ends; it is told by its stream alone.
    run = platform.runs.facts(run_id) if run_id else None
    found = platform.assistant.sessions.get(session_id, limit, include_events=False)
    is_running = run is not None and run["state"] == "running"
    told = [turn for turn in found.history if not (is_running and turn["run_id"] == run_id)]
    turns = [of_turn(turn, _answer(turn["run_id"])) for turn in told]
    if run is not None and run["state"] in ("error", "cancelled"):
        turns.append(_ended(run_id))
    return page(
        "assistant/conversation.html",
        session=found.session,
        turns=turns,
        hidden=found.session["turns"] - len(found.history),
        run_id=run_id if is_running else "",
        asked=run["request"].get("query", "") if run is not None else "",
        mode=run["request"].get("mode") if run is not None and is_running else turns[-1].mode if turns else "chat",
        **_around(),
    )


def _answer(run_id: str | None) -> dict[str, object] | None:
    """Return the answer of a run; None where it is older than runs are kept."""
    try:
        return services().runs.facts(run_id)["result"] if run_id else None
    except NotFoundError:
        return None


def _ended(run_id: str) -> Said:
    run = services().runs.facts(run_id)
    telling = Telling()
    if run["result"] is None:
        for some in services().runs.read(run_id).events():
            telling.take(data for _, data in some)
    return of_run(run, telling.text)


def _ask() -> ResponseReturnValue:
    form = sent()
    is_whole = form.pop("whole", "") == "yes"
    file_id = form.pop("file_id", None)
    only: dict[str, object] = {"file_ids": [file_id]} if file_id else {}
    fields = {**model_of(form.pop("model", "")), **form, "use_memory": form.get("use_memory", "no"), **only}
    wanted = validated(QueryBody, fields)
    platform, user = services(), user_of(None)
    if not wanted.session_id:
        session = platform.assistant.sessions.start(SessionStart(), user, wanted.query)
        wanted = wanted.model_copy(update={"session_id": session["session_id"]})
    run_id = platform.queries.start(wanted, user)
    if is_whole:
        platform.runs.wait(run_id)
    address = url_for("ui.conversation", session_id=wanted.session_id, run=run_id, file_id=file_id, _anchor="newest")
    return Response(status=303, headers={"Location": address})


def _stream(run_id: str) -> ResponseReturnValue:
    """Send how an answer is written from its beginning, then the answer as it is kept."""
    reading = services().runs.read(run_id)

    def messages() -> Iterator[bytes]:
        telling = Telling()
        try:
            for some in reading.events():
                html = telling.take(data for _, data in some)
                yield message(html) if some else SILENCE
        finally:
            reading.close()
        shown = {"session": _session_of(run_id), **_around()}
        yield message(render_template("assistant/turn.html", turn=_ended(run_id), is_last=True, **shown))
        yield message(render_template("assistant/sessions.html", **shown))
        yield END

    response = event_stream(stream_with_context(messages()))
    response.call_on_close(reading.close)
    return response


def _session_of(run_id: str) -> dict[str, object] | None:
    """Return the id of the session that a run answers in, as templates take it; None for none."""
    session_id = services().runs.facts(run_id)["request"].get("session_id")
    return {"session_id": session_id} if session_id else None


def _cancel(run_id: str) -> ResponseReturnValue:
    services().runs.cancel(run_id)
    services().runs.wait(run_id)
    session = _session_of(run_id)
    if session is None:
        return done("It was stopped.", url_for("ui.assistant"))
    address = url_for("ui.conversation", session_id=session["session_id"], run=run_id, _anchor="newest")
    return done("It was stopped.", address)


def _delete(session_id: str) -> ResponseReturnValue:
    services().assistant.sessions.delete(session_id)
    return done("The conversation was deleted.", url_for("ui.assistant"))


# --- memories ------------------------------------------------------------------------------


def _memories() -> ResponseReturnValue:
    room = services().assistant.memories
    return page("assistant/memories.html", section="ui.assistant", rows=room.all(user_of(None)), most=room.most)


def _remember() -> ResponseReturnValue:
    wanted = validated(MemoryBody, sent())
    services().assistant.memories.put(user_of(None), wanted.key, wanted.value)
    return done(f"{wanted.key} is remembered.", url_for("ui.memories"))


def _forget() -> ResponseReturnValue:
    key = request.form.get("key", "")
    services().assistant.memories.delete(user_of(None), key)
    return done(f"{key} was forgotten.", url_for("ui.memories"))


SPEC = PageSpec(_add_to, MenuEntry(70, "ui.assistant", "chat-bubble-left-right", "Assistant"))
