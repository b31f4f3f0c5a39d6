"""Recordings, by faster-whisper: an extra (`requirements-audio.txt`), with a model from a folder."""

from collections.abc import Iterator
from pathlib import Path

from services.grounding.extraction.kinds import refused
from services.grounding.extraction.outcome import Found, Limits, Pages, Step, noted
from services.grounding.extraction.pieces import Paragraph, page_of
from services.grounding.extraction.texts import plain
from utils.installation import how_to_install

_MISSING = f"it is a recording, and faster-whisper is not installed: {how_to_install('audio')}"
_NO_MODEL = "it is a recording, and no model that hears speech is set: name the folder of one for faster-whisper"
# A pause so long parts paragraphs.
_PAUSE_S = 1.5
_PIECE = 8_000


def read_audio(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield what is said in the recording, in pieces; raises DocumentError."""
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise refused(name, _MISSING) from error
    if not (Path(limits.speech_model) / "model.bin").is_file():
        raise refused(name, _NO_MODEL)
    model = WhisperModel(limits.speech_model, device="cpu", compute_type="int8", local_files_only=True, cpu_threads=1)
    try:
        segments, told = model.transcribe(str(path), vad_filter=False)
        noted(found, f"it was heard by a model (language {told.language}, {told.duration:.0f} s)")
        yield from spoken((one.start, one.end, one.text, one.avg_logprob) for one in segments)
    except (OSError, ValueError, RuntimeError) as error:
        raise refused(name, f"the recording is damaged, or of an unknown make ({str(error)[:200]})") from error


def spoken(segments: Iterator[tuple[float, float, str, float]]) -> Pages:
    """Yield pieces of paragraphs, which pauses part.

    Args:
        segments: Begin and end in seconds, what was said, and the logarithm of how likely that is.
    """
    from math import exp

    texts: list[str] = []
    sure: list[float] = []
    last = 0.0
    for start, end, said, likelihood in segments:
        text = plain(said).strip()
        yield Step()
        if not text:
            continue
        if texts and start - last < _PAUSE_S:
            texts[-1] = f"{texts[-1]} {text}"
        else:
            if sum(map(len, texts)) > _PIECE:
                yield page_of(map(Paragraph, texts), None, sum(sure) / len(sure))
                texts, sure = [], []
            texts.append(text)
        sure.append(exp(likelihood))
        last = end
    if texts:
        yield page_of(map(Paragraph, texts), None, sum(sure) / len(sure))
