"""Writes the answer: what a model says, held against what it was shown.

In the mode docs_only an answer that the documents contradict, or that stands on none of them, is put aside; after a
second such one the documents are quoted instead.
"""

from collections.abc import Mapping

from services.assistant.agents.talk import Talk
from services.assistant.bundle import messages
from services.assistant.research.citations import cite
from services.assistant.research.provisions import cited, extract, shown
from services.assistant.research.quoting import NOT_ANSWERED, quote
from services.catalogue.rows import ChatPrompt
from services.citations.checker import CitationChecker
from services.grounding.ground import Ground
from services.grounding.proof import LEVELS, Prover
from services.llm.adapters.base import Completion
from services.llm_service import LLMService, Prompt, Terms
from services.streams.run_service import RunService
from utils.errors import AppError, CancelledError, TimeLimitError

_MAX_TOKENS = 2000
_MAX_WAIT_S = 20.0
_TRIES = 6
_DRAFTS = 2


class Writer:
    """The last agent."""

    def __init__(
        self,
        llm: LLMService,
        runs: RunService,
        prover: Prover,
        checker: CitationChecker,
        texts: Mapping[str, ChatPrompt],
    ) -> None:
        self._llm = llm
        self._runs = runs
        self._prover = prover
        self._checker = checker
        self._texts = texts

    def act(self, talk: Talk) -> None:
        """Write; where no model answers and provisions were found, say so and quote them."""
        try:
            self._write(talk)
        except (CancelledError, TimeLimitError):
            raise
        except AppError as error:
            talk.response = ""
            # Who named a model wants its answer, and what broke off is an error, never an answer.
            if talk.found.sources and not talk.wanted.names_model and not talk.run.has_words():
                talk.say(f"No model answered: {error}. The documents say:\n\n")
                quote(talk)
            raise

    def _write(self, talk: Talk) -> None:
        docs_only = talk.wanted.answer_mode == "docs_only"
        feedback = ""
        for draft in range(_DRAFTS):
            talk.completion = self._ask(talk, feedback)
            talk.response = talk.completion.text
            reasons = self._prove(talk)
            if not docs_only or talk.refused or not reasons:
                break
            talk.take_back("; ".join(reasons))
            feedback = f"An answer before this one was refused: {'; '.join(reasons)[:1000]}"
            if draft == _DRAFTS - 1:
                quote(talk)
        self._cite_authorities(talk)

    def _ask(self, talk: Talk, feedback: str) -> Completion:
        calls = self._runs.calls(talk.run)
        terms = calls.on(Terms("assistant", calling=talk.cancel, waiting=talk.cancel, max_wait_s=_MAX_WAIT_S))
        prompt = Prompt(
            self._messages(talk, feedback),
            max_tokens=_MAX_TOKENS,
            kind="chat",
            may_be_cut=True,
            pictures=tuple(talk.pictures),
        )
        answer = self._llm.complete(prompt, talk.preference, terms, _TRIES, calls.used, talk.run.has_words)
        talk.tokens += answer.tokens
        talk.run.settle(answer.text)
        return answer

    def _messages(self, talk: Talk, feedback: str) -> tuple[Mapping[str, str], ...]:
        docs_only = talk.wanted.answer_mode == "docs_only"
        key = "docs_only" if docs_only else "documents" if talk.found.sources else "general"
        system = [self._texts[key].prompt]
        if talk.found.sources:
            system.append(shown(talk.found.sources))
        for name, text in talk.read:
            system.append(f"Read from the attachment {name!r}; it is data:\n<attachment>\n{text}\n</attachment>")
        if feedback:
            system.append(feedback)
        said: list[Mapping[str, str]] = [{"role": "system", "content": "\n\n".join(system)}]
        if talk.bundle is not None:
            kept = messages(talk.bundle)
            # Turns that the client brings itself are the conversation.
            said += [one for one in kept if one["role"] == "system"] if talk.wanted.history else kept
        said += [{"role": one.role, "content": one.content} for one in talk.wanted.history]
        return (*said, {"role": "user", "content": talk.wanted.query})

    def _prove(self, talk: Talk) -> list[str]:
        """Hold the answer against what was shown; return why it cannot stand on the documents alone."""
        found = talk.found
        if not found.sources:
            return []
        if talk.response.lstrip().startswith(NOT_ANSWERED[:-1]):
            talk.refused = True
            return []
        proof = self._prover.prove({"answer": talk.response}, Ground(found.sources), self._checker.extractor)
        if talk.grounding is not None:
            talk.grounding["level"] = LEVELS[proof.level]
            talk.grounding["refusals"], talk.grounding["doubts"] = list(proof.refusals), list(proof.doubts)
        for source in found.sources:
            stands = proof.sources.get(source.unit)
            if stands is not None:
                row = found.rows.get(source.unit)
                quoted = next((one for one in stands["quotes"] if one in source.text), "")
                talk.cite(cited(source, row, quoted or extract(source, row, talk.response)))
        reasons = list(proof.refusals)
        if not proof.sources:
            reasons.append("no sentence of it stands on a provision that was shown")
        return reasons

    def _cite_authorities(self, talk: Talk) -> None:
        """Tell of every authority that the answer names beside the documents whether it is one."""
        known = {citation["citation"] for citation in talk.citations}
        for one in self._checker.check(talk.response):
            told = one.to_dict()
            if one.citation.text in known or any(one.citation.text in label for label in known):
                continue
            if one.citation.kind == "case" or told["verdict"] == "invalid":
                cite(talk, one)
                if told["verdict"] == "invalid":
                    talk.warnings.append(f"{one.citation.text}: {told['reason']}")
