"""Looks things up: citations in the index, the data set by typed queries, provisions in the documents."""

from services.assistant.agents.talk import Talk
from services.assistant.dataset_queries.questions import DatasetQuestions
from services.assistant.research.citations import check
from services.assistant.research.provisions import ProvisionFinder, Provisions
from services.assistant.research.quoting import quote, refuse
from services.citations.checker import CitationChecker
from services.llm_service import LLMService
from utils.errors import InputError


class Researcher:
    """Answers itself what needs no model; leaves provisions to the writer."""

    def __init__(
        self, provisions: ProvisionFinder, checker: CitationChecker, dataset: DatasetQuestions, llm: LLMService
    ) -> None:
        self._provisions = provisions
        self._checker = checker
        self._dataset = dataset
        self._llm = llm

    def act(self, talk: Talk) -> None:
        """Look up what is wanted."""
        if talk.intent_name == "citation_check" and check(talk, self._checker):
            return
        if talk.intent_name == "dataset_query" and not talk.wanted.file_ids:
            self._ask_the_data_set(talk)
            return
        self._search(talk)

    def _ask_the_data_set(self, talk: Talk) -> None:
        talk.dataset = self._dataset.ask(talk.wanted.query)
        talk.say(talk.dataset["text"])

    def _search(self, talk: Talk) -> None:
        wanted = talk.wanted
        docs_only = wanted.answer_mode == "docs_only"
        if not wanted.use_rag:
            if docs_only:
                raise InputError(
                    "answer_mode: docs_only needs use_rag; leave use_rag out, or ask with answer_mode open"
                )
            return
        file_ids = [*wanted.file_ids, *(one.file_id for one in wanted.attachments if one.file_id)]
        found = self._provisions.find(wanted.query, file_ids, wanted.jurisdiction)
        talk.found = found
        talk.grounding = {
            "level": "none",
            "refusals": [],
            "doubts": [],
            "searched": len(found.sources),
            "best_score": found.best,
            "floor": found.floor,
            "notes": dict(found.notes),
        }
        if not found.sources:
            if docs_only:
                refuse(talk, _why(self._provisions.has_documents, found))
            return
        if self._quotes_alone(talk):
            quote(talk)

    def _quotes_alone(self, talk: Talk) -> bool:
        """Whether no model can be trusted with it: small ones say of the law what it does not."""
        if talk.wanted.names_model:
            return False
        return not self._llm.targets(talk.preference) or self._llm.guided(talk.preference) is not None


def _why(has_documents: bool, found: Provisions) -> str:
    if not has_documents:
        return "There are none yet: upload some (POST /api/files/upload)."
    weaker = f" ({found.notes['vectors']}.)" if "vectors" in found.notes else ""
    if found.best is None:
        return f"Nothing in them has to do with it.{weaker}"
    return f"What is nearest to it in them is of another matter.{weaker}"
