"""The history of queries: turns are kept without thoughts, and shown newest first."""

from collections.abc import Callable
from dataclasses import replace

from models.assistant.rows import NewTurn
from models.assistant.turn_store import TurnStore
from models.contract.answers.assistant_memory import TurnInfo
from models.contract.assistant_bodies import TurnHistoryArguments
from services.assistant.answers import turn_info
from services.assistant.titles import title_of
from services.drafts.thinking import split_thinking


class History:
    """Thread-safe."""

    def __init__(self, turns: TurnStore, added: Callable[[], None]) -> None:
        """Keep turns in *turns*; *added* is called after each, and must return at once."""
        self._turns = turns
        self._added = added

    def add(self, turn: NewTurn) -> int:
        """Keep a turn without what its answer holds of thoughts; return its id once it is on the disk.

        A session without a title is called by the query, never by the answer.

        Raises:
            NotFoundError: there is no such session.
            InputError: it is another user's.
        """
        said = split_thinking(turn.response)[0].strip()
        made = self._turns.add(replace(turn, response=said, title=turn.title or title_of(turn.query)))
        self._added()
        return made

    def last_run(self, user_id: str, session_id: str) -> str | None:
        """Return the run of the last turn of a session; None before any."""
        found = self._turns.some(user_id, 1, session_id)
        return found[0].run_id if found else None

    def some(self, wanted: TurnHistoryArguments, user_id: str) -> tuple[list[TurnInfo], int | None]:
        """Return a page of a user's turns, newest first, and before which id the next one begins."""
        found = self._turns.some(user_id, wanted.limit + 1, wanted.session_id, wanted.before)
        page = found[: wanted.limit]
        return [turn_info(turn) for turn in page], page[-1].id if len(found) > len(page) else None
