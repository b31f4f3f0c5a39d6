"""Memories: what users asked the assistant to remember."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from api.edge.users import user_of
from models.contract.answers.assistant_memory import MemoriesAnswer, MemoryAnswer, MemoryDeletedAnswer
from models.contract.assistant_bodies import MemoryBody, MemoryChange, UserArguments

_TAG = "Assistant"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_memories", __name__)
    routes.get("/memories")(memories)
    routes.post("/memories")(put)
    routes.patch("/memories/<key>")(change)
    routes.delete("/memories/<key>")(delete)
    return routes


@Endpoint(tag=_TAG)
def memories(query: UserArguments) -> MemoriesAnswer:
    """List the memories of a user, the last changed first."""
    room = services().assistant.memories
    found = room.all(user_of(query.user_id))
    return {"success": True, "memories": found, "count": len(found), "limit": room.most}


@Endpoint(tag=_TAG)
def put(body: MemoryBody) -> MemoryAnswer:
    """Remember a value under a key, whatever was there."""
    made = services().assistant.memories.put(user_of(body.user_id), body.key, body.value)
    return {"success": True, "memory": made}


@Endpoint(tag=_TAG, errors=(404,))
def change(key: str, body: MemoryChange) -> MemoryAnswer:
    """Change a memory that is there."""
    made = services().assistant.memories.change(user_of(body.user_id), key, body.value)
    return {"success": True, "memory": made}


@Endpoint(tag=_TAG, errors=(404,))
def delete(key: str, query: UserArguments) -> MemoryDeletedAnswer:
    """Forget a memory."""
    services().assistant.memories.delete(user_of(query.user_id), key)
    return {"success": True, "key": key, "message": "Forgotten"}
