"""Pairs of similar samples, joined to groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.contract.answers.quality import SimilarPair


@dataclass(frozen=True, slots=True)
class Group:
    """Samples of which each is similar to another of them; *similarity* is that of the closest pair."""

    ids: Sequence[str]
    similarity: float


def grouped(pairs: Sequence[SimilarPair]) -> list[Group]:
    """Return the groups, the closest first; every id is in one."""
    heads: dict[str, str] = {}

    def head(name: str) -> str:
        heads.setdefault(name, name)
        while heads[name] != name:
            heads[name] = heads[heads[name]]
            name = heads[name]
        return name

    for pair in pairs:
        one, other = pair["ids"]
        heads[head(other)] = head(one)
    members: dict[str, list[str]] = {}
    closest: dict[str, float] = {}
    for name in heads:
        members.setdefault(head(name), []).append(name)
    for pair in pairs:
        key = head(pair["ids"][0])
        closest[key] = max(closest.get(key, 0.0), pair["similarity"])
    return sorted((Group(ids, closest[key]) for key, ids in members.items()), key=lambda one: -one.similarity)
