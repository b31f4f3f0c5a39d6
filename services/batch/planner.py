"""Plans a batch: which topic, difficulty, type and jurisdiction each sample has.

A pure function of the request, the catalogue and the seed: the same input gives the
same plan. Topics and types are dealt round, so that the counts of any two differ by
at most one and no batch ends with a single type by accident.
"""

import itertools
import random
from collections.abc import Iterator

from models.domain import Job
from models.schemas import BatchRequest
from services.catalogue import BALANCE, Catalogue, Topic
from utils.errors import InputError

_SEEDS = 2**31


def plan(request: BatchRequest, catalogue: Catalogue, count: int) -> list[Job]:
    """Return *count* jobs that meet the filters of *request*.

    Raises:
        InputError: a filter names something unknown, or nothing is left; lists what is known.
    """
    topics = _topics(request, catalogue)
    kinds = _types(request, catalogue)
    if request.difficulty:
        catalogue.difficulty(request.difficulty)
    draw = random.Random(request.seed)
    draw.shuffle(topics)
    types = itertools.cycle(kinds)
    return [
        Job(
            practice_area=topic.practice_area,
            topic=topic.topic,
            difficulty=request.difficulty or topic.difficulty,
            sample_type=next(types),
            jurisdiction=topic.jurisdiction,
            seed=draw.randrange(_SEEDS),
            instruction=request.reasoning_instruction,
        )
        for topic in itertools.islice(_dealt(topics, len(kinds)), count)
    ]


def replacement(job: Job, ordinal: int) -> Job:
    """Return the job to run in place of a rejected one: the same wish, other draws."""
    seed = random.Random(job.seed * 1_000_003 + ordinal).randrange(_SEEDS)
    return Job(**{**job.to_dict(), "seed": seed})  # type: ignore[arg-type]  # to_dict holds exactly the fields


def _topics(request: BatchRequest, catalogue: Catalogue) -> list[Topic]:
    if request.jurisdiction:
        catalogue.jurisdiction(request.jurisdiction)
    known = catalogue.topics_of(request.jurisdiction)
    if not request.topic:
        return list(known)
    area, separator, name = request.topic.partition(" - ")
    if not separator or not area.strip() or not name.strip():
        raise InputError(f'topic: got {request.topic!r}, want "<Practice Area> - <Topic>" as in GET /api/topics')
    matching = [topic for topic in known if topic.key == request.topic]
    jurisdiction = request.jurisdiction or catalogue.default_jurisdiction
    return matching or [catalogue.topic(area.strip(), name.strip(), jurisdiction)]


def _types(request: BatchRequest, catalogue: Catalogue) -> list[str]:
    wanted = request.sample_type or (BALANCE if request.smart_mode else "case_analysis")
    if wanted == BALANCE:
        return [kind.id for kind in catalogue.core_types]
    return [catalogue.sample_type(wanted).id]


def _dealt(topics: list[Topic], kinds: int) -> Iterator[Topic]:
    """Deal the topics round; a round is shifted where it would tie each topic to one type."""
    shift = 1 if kinds > 1 and len(topics) % kinds == 0 else 0
    for number in itertools.count():
        offset = (number * shift) % len(topics)
        yield from topics[offset:] + topics[:offset]
