"""Finds out what is wanted: by rules, so that a query costs nothing before it is understood."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from services.assistant.agents.talk import Talk
from services.assistant.intents import Intent, IntentClassifier
from services.assistant.vocabulary import Vocabulary

_YES = re.compile(
    r"\s*(?:yes|yep|yeah|y|ok|okay|sure|go ahead|do it|start(?: it)?|confirm(?:ed)?)(?:,? please)?\s*[.!]*\s*", re.I
)

_NO = re.compile(
    r"\s*(?:no|nope|n|nah|cancel|stop|never mind|not now|don'?t)(?:,? (?:thanks?(?: you)?|please))?\s*[.!]*\s*", re.I
)

# A question that only names what it is about is no check of a citation.
_SURE = 0.9


class Coordinator:
    """The first agent."""

    def __init__(
        self, intents: IntentClassifier, vocabulary: Callable[[], Vocabulary], has_documents: Callable[[], bool]
    ) -> None:
        self._intents = intents
        self._vocabulary = vocabulary
        self._has_documents = has_documents

    def act(self, talk: Talk) -> None:
        """Classify the query; a yes to an offer means what was offered."""
        wanted = talk.wanted
        talk.to_offer = _to_offer(talk)
        if talk.to_offer:
            talk.intent = Intent("generate_sample", 1.0, "an answer to the batch that was offered", ())
        else:
            talk.intent = self._intents.classify(
                wanted.query,
                self._vocabulary(),
                wanted.mode,
                has_attachments=bool(wanted.attachments),
                has_documents=bool(wanted.file_ids) or self._has_documents(),
            )
            if wanted.answer_mode == "docs_only" and not _is_sure_check(talk.intent):
                talk.intent = replace(
                    talk.intent, name="document_question", reason=f"docs_only asks documents; {talk.intent.reason}"
                )
        talk.run.tell("status", status="intent", **talk.intent.to_dict())


def _is_sure_check(intent: Intent) -> bool:
    return intent.name == "citation_check" and intent.confidence >= _SURE


def _to_offer(talk: Talk) -> Literal["", "yes", "no"]:
    """Tell whether the query says yes or no to a batch that the answer before it offered."""
    if not (talk.before.get("draft_batch") and talk.before.get("options")):
        return ""
    if _YES.fullmatch(talk.wanted.query):
        return "yes"
    return "no" if _NO.fullmatch(talk.wanted.query) else ""
