"""Which topics samples are made on that shall stand on documents."""

from collections.abc import Callable, Sequence

from services.catalogue.catalogue import Topic
from services.grounding.ground import LIKELY


def likely(topics: Sequence[Topic], answers: Callable[[Topic], float]) -> list[Topic]:
    """Return those of *topics* that documents are more likely to answer than not; else those that they may answer.

    Args:
        topics: What there is to choose from.
        answers: How likely the documents answer a topic, 0 to 1.
    """
    scores = [(answers(topic), topic) for topic in topics]
    return [topic for score, topic in scores if score >= LIKELY] or [topic for score, topic in scores if score > 0]
