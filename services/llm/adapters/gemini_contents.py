"""Google's generateContent: what is asked, and how answers are read, whole or as they are written.

Of the Gemini API (ai.google.dev/gemini-api/docs). An answer is a list of parts, those of `thought: true` being its
thoughts; the vendor bills them, and counts them apart from the candidate. Models from Gemini 3 on are to be asked at
their own temperature: newer ones ignore another, later ones refuse it.
"""

import re
from collections.abc import Iterable, Mapping

from services.llm.adapters.base import Completion, CompletionRequest
from services.llm.adapters.blocks import Blocks
from services.llm.adapters.message import check_refusal, count, error_in_success, json_in, object_in, stated
from services.llm.adapters.turns import Turn, parted
from utils.error_parameters import JSON_SCHEMA
from utils.errors import AnswerFormatError, ProviderConnectionError, RefusedError

_GENERATION = re.compile(r"(?:models/)?gemini-(\d+)")
_OWN_TEMPERATURE_FROM = 3
# These have no thoughts to show, and refuse to be asked for them.
_WITHOUT_THOUGHT = re.compile(r"(?:models/)?(?:gemini-(?:1|2\.0)\b|gemma-[123]\b|learnlm)")
_ENDS = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "length"}
# The vendor's filter stopped the answer, whatever it was about to say.
_FILTERED = frozenset({"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})
_FILTERED_TOO = frozenset({"ESCALATION", "MODEL_ARMOR", "PUP_LIMITED_DISABLED"})


def contents_of(request: CompletionRequest) -> list[dict[str, object]]:
    """Return the turns of *request*; the words of the system alone are the question."""
    system, turns = parted(request.messages, request.pictures)
    return [_content(one) for one in turns] or [{"role": "user", "parts": [{"text": system}]}]


def config_of(request: CompletionRequest) -> dict[str, object]:
    """Return what `GenerateContentConfig` takes of *request*."""
    sampling: dict[str, object] = {"temperature": request.temperature, "top_p": request.top_p}
    generation = _GENERATION.match(request.model)
    if generation is not None and int(generation[1]) >= _OWN_TEMPERATURE_FROM:
        sampling = {}
    if request.seed is not None:
        sampling["seed"] = request.seed % 2**31
    if not _WITHOUT_THOUGHT.match(request.model):
        sampling["thinking_config"] = {"include_thoughts": True}
    left_out = {"thinking_config" if name == "thinking" else name for name in request.left_out}
    config = {name: value for name, value in sampling.items() if name not in left_out}
    config["max_output_tokens"] = request.max_tokens
    if request.schema is not None and "response_format" not in left_out:
        config["response_mime_type"] = "application/json"
        if JSON_SCHEMA not in left_out:
            config["response_json_schema"] = dict(request.schema)
    system, turns = parted(request.messages, request.pictures)
    if system and turns:
        config["system_instruction"] = system
    return config


def read_whole(content: bytes, headers: Mapping[str, str], provider: str, model: str) -> Completion:
    """Read the body of a 200.

    Raises:
        GenerationError: it holds an error of the vendor, or a refusal.
        AnswerFormatError: it is no answer, or one that is not whole.
    """
    body = json_in(content, provider, model)
    if not isinstance(body, dict) or not {"candidates", "promptFeedback"} & set(body):
        raise error_in_success(body, provider, model, headers)
    return _read([body], headers, CompletionRequest(model, ()), provider)


def read_chunks(
    chunks: Iterable[Mapping[str, object]], headers: Mapping[str, str], request: CompletionRequest, provider: str
) -> Completion:
    """Read an answer as it is written.

    Raises:
        GenerationError: the vendor refused, or the stream ended early.
    """
    return _read(chunks, headers, request, provider, streamed=True)


def _read(
    chunks: Iterable[Mapping[str, object]],
    headers: Mapping[str, str],
    request: CompletionRequest,
    provider: str,
    *,
    streamed: bool = False,
) -> Completion:
    blocks, usage, finish, model = Blocks(request.listener), dict[str, object](), "", ""
    for chunk in chunks:
        _check_prompt(object_in(chunk.get("promptFeedback")), provider, request.model)
        model = str(chunk.get("modelVersion") or model)
        usage |= {name: value for name, value in object_in(chunk.get("usageMetadata")).items() if value is not None}
        candidate = _first(chunk.get("candidates"))
        finish = str(candidate.get("finishReason") or finish)
        _take_parts(blocks, object_in(candidate.get("content")).get("parts"))
    if streamed and not finish:
        raise ProviderConnectionError(f"{provider}/{request.model}: the stream ended before the answer did")
    _check_end(finish, blocks.text, provider, request.model)
    return Completion(
        text=blocks.text,
        thinking=blocks.thinking,
        model=model or request.model,
        prompt_tokens=count(usage.get("promptTokenCount")) + count(usage.get("toolUsePromptTokenCount")),
        completion_tokens=count(usage.get("candidatesTokenCount")) + count(usage.get("thoughtsTokenCount"))
        or len(blocks.text) // 4,
        finish_reason=_ENDS.get(finish, finish.lower()),
        headers=headers,
        reasoning_tokens=stated(usage, "thoughtsTokenCount"),
    )


def _take_parts(blocks: Blocks, parts: object) -> None:
    for part in parts if isinstance(parts, list) else ():
        held = object_in(part)
        text = held.get("text")
        if isinstance(text, str):
            blocks.add("thought" if held.get("thought") else "token", text)


def _check_prompt(feedback: Mapping[str, object], provider: str, model: str) -> None:
    """Raise RefusedError where the prompt was blocked."""
    reason = feedback.get("blockReason")
    if reason:
        said = feedback.get("blockReasonMessage")
        told = f": {said}" if isinstance(said, str) and said else ""
        raise RefusedError(
            f"{provider}/{model}: the vendor's filter blocked the prompt ({reason}){told}",
            provider=provider,
            model=model,
        )


def _check_end(finish: str, text: str, provider: str, model: str) -> None:
    """Raise where the end says that this is no whole answer."""
    if finish in _FILTERED | _FILTERED_TOO or finish.startswith("IMAGE_"):
        check_refusal(None, "content_filter", f"{finish}: {text}" if text.strip() else "", provider, model)
    if finish and finish not in _ENDS:
        raise AnswerFormatError(f"{provider}/{model}: the vendor broke the answer off (finishReason {finish})")


def _content(turn: Turn) -> dict[str, object]:
    """Return a turn; the SDK writes bytes as base64."""
    shown: list[dict[str, object]] = [
        {"inline_data": {"mime_type": picture.media_type, "data": picture.data}} for picture in turn.pictures
    ]
    said = [{"text": turn.text}] if turn.text.strip() or not shown else []
    return {"role": "model" if turn.role == "assistant" else "user", "parts": [*shown, *said]}


def _first(candidates: object) -> Mapping[str, object]:
    return object_in(candidates[0]) if isinstance(candidates, list) and candidates else {}
