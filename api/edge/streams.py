"""What the events of a run are, for the declarations of views."""

from api.edge.endpoint import File
from models.contract.answers.runs import RunMessage

RUN_EVENTS = File(
    "text/event-stream", "Numbered messages, `data` is JSON; the last is [DONE]", events=RunMessage, last="[DONE]"
)
