"""Renders the one user message of a sample from the catalogue's templates.

Undefined variables are errors. What is drawn at random comes from the job's seed,
so the same job gives the same prompt, and its hash is kept with the sample.
"""

import hashlib
import random
from dataclasses import dataclass

from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError

from models.domain import Job
from models.schemas import REQUIRED_FIELDS
from services.catalogue.catalogue import Catalogue
from services.grounding.ground import NO_GROUND, Ground
from utils.errors import ConfigurationError

_FIELDS = (*(name for name in REQUIRED_FIELDS if name != "id"), "sample_type")
# What a model with structured output must send; every vendor accepts this subset of JSON Schema.
SAMPLE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in _FIELDS},
    "required": list(_FIELDS),
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt and its SHA-256 in hexadecimal digits, and about how many tokens the answer takes."""

    text: str
    sha256: str
    expected_tokens: int


class PromptRenderer:
    """Renders jobs. Thread-safe: Jinja environments are, once built."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        loaders: list[BaseLoader] = [
            DictLoader({f"{kind.id}.md": kind.template for kind in catalogue.sample_types}),
            FileSystemLoader(catalogue.folder / "prompts"),
        ]
        # The output is a prompt, not HTML: escaping would only spoil quotation marks.
        self._environment = Environment(  # nosec B701
            loader=ChoiceLoader(loaders),
            undefined=StrictUndefined,
            keep_trailing_newline=False,
            autoescape=False,  # noqa: S701
        )

    def render(self, job: Job, feedback: str = "", ground: Ground = NO_GROUND) -> RenderedPrompt:
        """Return the prompt of *job*.

        Args:
            job: What is wanted.
            feedback: Why the last draft was refused, or "".
            ground: The provisions that it shall stand on.

        Raises:
            InputError: the job names something unknown.
            ConfigurationError: a template is broken.
        """
        catalogue = self._catalogue
        kind = catalogue.sample_type(job.sample_type)
        difficulty = catalogue.difficulty(job.difficulty)
        draw = random.Random(job.seed)
        topic = catalogue.topic(job.practice_area, job.topic, job.jurisdiction, job.difficulty)
        own = job.topic_key
        examples = [row for row in catalogue.starter if row.sample_type == job.sample_type and row.topic != own]
        near = [row for row in examples if row.jurisdiction == job.jurisdiction] or examples
        limits = catalogue.requirements(kind, difficulty)
        values = {
            "type": kind,
            "difficulty": difficulty,
            "jurisdiction": catalogue.jurisdiction(job.jurisdiction),
            "topic": topic,
            "authorities": catalogue.authorities_of(topic),
            "example": draw.choice(near) if near else None,
            "limits": limits,
            "diversity": {name: draw.choice(options) for name, options in sorted(catalogue.diversity.items())},
            "context": draw.choice(kind.contexts) if kind.contexts else "",
            "instruction": job.instruction or "",
            "feedback": feedback,
            "sources": ground.sources,
        }
        try:
            text = self._environment.get_template(f"{kind.id}.md").render(values)
        except TemplateError as error:
            raise ConfigurationError(f"prompt of {kind.id}: {error}; mend catalog/sample_types/{kind.id}.md") from error
        return RenderedPrompt(text, hashlib.sha256(text.encode()).hexdigest(), limits.expected_tokens)
