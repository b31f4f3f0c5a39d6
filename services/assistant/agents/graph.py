"""The graph of agents as data: who there is, who follows whom, and when.

`walk.py` goes along it, `drawing.py` draws it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.assistant.agents.talk import Talk

AgentName: TypeAlias = Literal["coordinator", "vision", "memory", "researcher", "product", "shopping", "writer"]
MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Node:
    """An agent.

    Attributes:
        needs_model: Whether it does nothing without a model.
        place: Column and row where it is drawn.
    """

    name: AgentName
    purpose: str
    needs_model: bool
    place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edge:
    """From one agent to the next; the first whose condition holds is taken, in the order of `EDGES`."""

    source: AgentName
    target: AgentName
    when: str


NODES = (
    Node("coordinator", "Finds out what is wanted", needs_model=False, place=(0, 1)),
    Node("vision", "Reads pages and photographs that are attached", needs_model=False, place=(1, 0)),
    Node("memory", "Brings memories, the last turns and like turns, within a budget", needs_model=False, place=(1, 1)),
    Node("researcher", "Finds provisions, checks citations, asks the data set", needs_model=False, place=(2, 0)),
    Node(
        "product",
        "Finds ready parts of the data set, or offers a batch",
        needs_model=False,
        place=(2, 1),
    ),
    Node("shopping", "Asks at most three questions, then names products", needs_model=False, place=(2, 2)),
    Node("writer", "Writes the answer", needs_model=True, place=(3, 1)),
)
CONDITIONS: Mapping[str, Callable[[Talk], bool]] = {
    "something is attached": lambda talk: bool(talk.wanted.attachments),
    "there is a conversation, or memory may be used": lambda talk: talk.wanted.use_memory or bool(talk.session_id),
    "the mode is shopping": lambda talk: talk.wanted.mode == "shopping" and not talk.to_offer,
    "a product or new samples are wanted": lambda talk: talk.intent_name in ("product_search", "generate_sample"),
    "law, citations or the data set are asked about": lambda talk: talk.needs_research,
    "nothing is answered yet": lambda talk: not talk.response,
}
_BY_INTENT: tuple[tuple[AgentName, str], ...] = (
    ("shopping", "the mode is shopping"),
    ("product", "a product or new samples are wanted"),
    ("researcher", "law, citations or the data set are asked about"),
    ("writer", "nothing is answered yet"),
)
EDGES = (
    Edge("coordinator", "vision", "something is attached"),
    Edge("coordinator", "memory", "there is a conversation, or memory may be used"),
    *(Edge("coordinator", target, when) for target, when in _BY_INTENT),
    Edge("vision", "memory", "there is a conversation, or memory may be used"),
    *(Edge("vision", target, when) for target, when in _BY_INTENT),
    *(Edge("memory", target, when) for target, when in _BY_INTENT),
    Edge("researcher", "writer", "nothing is answered yet"),
)


def following(name: AgentName, talk: Talk) -> AgentName | None:
    """Return who follows *name*; None at the end."""
    return next((edge.target for edge in EDGES if edge.source == name and CONDITIONS[edge.when](talk)), None)
