"""Shows an answer of the assistant as it is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from console.client import Client, Event, RequestRefusedError
from console.transfer import upload_document


def answered(
    client: Client, wanted: Mapping[str, object], docs: Sequence[Path], console: Console, *, shows_thoughts: bool
) -> bool:
    """Ask, and show the answer with its sources; False where there is none.

    Args:
        client: The service.
        wanted: The body of a query.
        docs: Documents that alone may be believed.
        console: Where it is shown.
        shows_thoughts: Whether thoughts are shown as they come.
    """
    body = dict(wanted)
    if docs:
        body |= {"file_ids": [_known(client, path, console) for path in docs], "answer_mode": "docs_only"}
    for event in client.run("query/stream", body):
        kind = event["type"]
        if kind == "token" or (kind == "thought" and shows_thoughts):
            console.print(event["content"], end="", markup=False, highlight=False, soft_wrap=True, style=_style(kind))
        elif kind == "status" and event["status"] == "refused":
            console.print(f"\n[put aside: {event['reason']}]", markup=False, style="dim")
        elif kind == "error":
            console.print(f"\nError: {event['error']}", markup=False, style="red")
            return False
        elif kind == "done":
            _show_end(event, console)
    return True


def _style(kind: str) -> str:
    return "dim" if kind == "thought" else ""


def _known(client: Client, path: Path, console: Console) -> str:
    """Take a document in, unless it is here; return its id."""
    try:
        return upload_document(client, path, {}, console)["file_id"]
    except RequestRefusedError as error:
        known = error.answer.get("file_id")
        if not isinstance(known, str):
            raise
        return known


def _show_end(done: Event, console: Console) -> None:
    console.print()
    for citation in done["citations"]:
        page = f", p. {citation['page']}" if citation["page"] is not None else ""
        state = citation["verdict"] or ("proved" if citation["proved"] else "not proved")
        marker = f"[{citation['marker']}] " if citation["marker"] else ""
        console.print(f"{marker}{citation['citation']}{page} ({state})", markup=False, soft_wrap=True)
    for warning in done["warnings"]:
        console.print(f"Warning: {warning}", markup=False, soft_wrap=True, style="yellow")
    for failure in done["failures"]:
        console.print(f"{failure['agent']}: {failure['error']}", markup=False, soft_wrap=True, style="yellow")
    if done["options"]:
        console.print(f"Answer with --session {done['session_id']}: {', '.join(done['options'])}", markup=False)
