"""What is done in a process beside the service: a task is a value that goes there and is run with the tools there.

A task and what it returns are pickled. It asks for the tools that it needs by a protocol of its own.
"""

from collections.abc import Iterator
from typing import Protocol, TypeVar

ToolsT_contra = TypeVar("ToolsT_contra", contravariant=True)
ToolsT_co = TypeVar("ToolsT_co", covariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Task(Protocol[ToolsT_contra, T_co]):
    """Work with one result."""

    def run(self, tools: ToolsT_contra) -> T_co:
        """Do it."""


class Stream(Protocol[ToolsT_contra, T_co]):
    """Work whose results come one after another."""

    def run(self, tools: ToolsT_contra) -> Iterator[T_co]:
        """Yield the results; it is closed when nobody wants more."""


class Side(Protocol[ToolsT_co]):
    """Where tasks are run; errors that the service foresees are raised here as they were there.

    Raises:
        SideError: its process ended before the task.
    """

    def run(self, task: Task[ToolsT_co, T]) -> T:
        """Run *task* to its end."""

    def stream(self, task: Stream[ToolsT_co, T]) -> Iterator[T]:
        """Yield what *task* yields; closing the iterator ends it."""
