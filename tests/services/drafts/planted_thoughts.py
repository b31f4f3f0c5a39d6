"""Answers with a thought planted in each shape that vendors and open models send.

`THOUGHT` may be in no text that people or models read later; `ANSWER` is what is left. Of the shapes in `FIELDS` the
vendor sends the thought apart, as a message of the chat-completions wire; those in `TEXTS` have it in the text. An
`ORPHANED` one cannot be parted while it is streamed, only whole.
"""

from dataclasses import dataclass

THOUGHT = "Perhaps the heirloom was a gift; I must weigh the planted doubt."
ANSWER = "The heirloom belongs to the estate: s 1 of the Act says so."


@dataclass(frozen=True, slots=True)
class Planted:
    """One answer.

    Attributes:
        name: Who sends it so.
        message: The message of a chat completion.
    """

    name: str
    message: dict[str, object]
    thought: str = THOUGHT
    answer: str = ANSWER

    @property
    def text(self) -> str:
        """The text of the message; "" where its content is a list."""
        content = self.message.get("content")
        return content if isinstance(content, str) else ""


def _text(name: str, text: str, thought: str = THOUGHT, answer: str = ANSWER) -> Planted:
    return Planted(name, {"content": text}, thought, answer)


_DOUBT, _RULE = "First doubt.", "Then the rule."
TEXTS = (
    _text("think", f"<think>{THOUGHT}</think>{ANSWER}"),
    _text("think-on-lines", f"\n<think>\n{THOUGHT}\n</think>\n\n{ANSWER}"),
    _text("thinking", f"<thinking>{THOUGHT}</thinking>\n{ANSWER}"),
    _text("thought", f"<thought>{THOUGHT}</thought>{ANSWER}"),
    _text("reasoning", f"<reasoning>\n{THOUGHT}</reasoning>{ANSWER}"),
    _text("reflection-in-capitals", f"<REFLECTION>{THOUGHT}</REFLECTION>{ANSWER}"),
    _text("seed", f"<seed:think>{THOUGHT}</seed:think>{ANSWER}"),
    _text("mistral-marks", f"[THINK]{THOUGHT}[/THINK]{ANSWER}"),
    _text("kimi", f"◁think▷{THOUGHT}◁/think▷{ANSWER}"),
    _text("cohere", f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>"),
    _text(
        "harmony",
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
    ),
    _text("harmony-without-its-start", f"analysis<|message|>{THOUGHT}".join(("<|channel|>", f"<|end|>{ANSWER}"))),
    _text("harmony-without-marks", f"analysis{THOUGHT}assistantfinal{ANSWER}"),
    _text("unclosed", f"{ANSWER}<think>{THOUGHT}"),
    _text("several", f"<think>{_DOUBT}</think>\n<think>{_RULE}</think>\n{ANSWER}", thought=f"{_DOUBT}\n\n{_RULE}"),
    _text("between-sentences", f"Yes.<think>{THOUGHT}</think> {ANSWER}", answer=f"Yes. {ANSWER}"),
    _text("in-an-unsound-object", f'{{"answer": "<think>{THOUGHT}</think>{ANSWER}', answer=f'{{"answer": "{ANSWER}'),
)
FIELDS = (
    Planted("groq-and-cerebras", {"content": ANSWER, "reasoning": THOUGHT}),
    Planted("deepseek-and-vllm", {"content": ANSWER, "reasoning_content": THOUGHT}),
    Planted("ollama", {"content": ANSWER, "thinking": THOUGHT}),
    Planted(
        "magistral",
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
                {"type": "text", "text": ANSWER},
            ]
        },
    ),
    Planted(
        "apart-and-in-the-text",
        {"content": f"<think>{_RULE}</think>{ANSWER}", "reasoning": _DOUBT},
        thought=f"{_DOUBT}\n\n{_RULE}",
    ),
)
ORPHANED = (
    _text("orphaned-end", f"{THOUGHT}\n</think>\n\n{ANSWER}"),
    _text("nested", f"<think>First.<think>Then.</think> {THOUGHT}</think>{ANSWER}", f"First.<think>Then.\n\n{THOUGHT}"),
)
PLANTED = (*TEXTS, *FIELDS, *ORPHANED)

# Tags that are no thought.
KEPT = (
    _text("in-a-fence", "Write:\n```html\n<think>so</think>\n```\nand no more.", ""),
    _text("in-code", "Models write `<think>` first and `</think>` last.", ""),
    _text("in-an-object", '{"answer": "A tag <think>is</think> text here.", "n": {"a": 1}} Done.', ""),
    _text("in-a-fenced-object", 'So:\n```json\n{"answer": "</think>"}\n```', ""),
    _text("of-nobody", "a <thin> b </thinker> [think] c <|endoftext|> d < think > {e} `f", ""),
    _text("analysis-of-a-case", "analysis of the case: Analysis assistantfinal", ""),
)
