"""Memories: written, changed and deleted by their users, and by nothing else."""

from models.assistant.memory_store import MOST, MemoryStore
from models.contract.answers.assistant_memory import MemoryInfo
from services.assistant.answers import memory_info


class MemoryService:
    """Thread-safe."""

    most = MOST

    def __init__(self, memories: MemoryStore) -> None:
        self._memories = memories

    def all(self, user_id: str) -> list[MemoryInfo]:
        """Return the memories of a user, the last changed first."""
        return [memory_info(one) for one in self._memories.all(user_id)]

    def put(self, user_id: str, key: str, value: str) -> MemoryInfo:
        """Remember *value* under *key*, whatever was there; InputError when there are too many."""
        return memory_info(self._memories.put(user_id, key, value))

    def change(self, user_id: str, key: str, value: str) -> MemoryInfo:
        """Change a memory; NotFoundError when it is not there."""
        return memory_info(self._memories.change(user_id, key, value))

    def delete(self, user_id: str, key: str) -> None:
        """Forget a memory; NotFoundError when it is not there."""
        self._memories.delete(user_id, key)
