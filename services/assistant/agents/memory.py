"""Brings what is known of the user and of the conversation, within the budget of tokens."""

from services.assistant.agents.talk import Talk
from services.assistant.bundle import Bundles


class Memory:
    """Reads memories; writes none."""

    def __init__(self, bundles: Bundles) -> None:
        self._bundles = bundles

    def act(self, talk: Talk) -> None:
        """Make the bundle."""
        wanted = talk.wanted
        talk.bundle = self._bundles.make(talk.user_id, talk.session_id, wanted.query, use_memory=wanted.use_memory)
