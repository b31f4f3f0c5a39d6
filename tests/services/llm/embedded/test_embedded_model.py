"""The embedded engine as a real child process, with a real small model where it is present."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import PROJECT_DIR
from services.llm.adapters.base import CompletionRequest, ProviderConfig
from services.llm.embedded.model import EmbeddedModel
from services.llm.embedded.weights import WeightStore
from services.llm.providers.local import LocalProvider
from tests.fakes import CATALOG
from tests.patience import until
from utils.clock import ManualClock
from utils.errors import ConfigurationError, ModelUnavailableError

MODEL_DIR = Path(os.environ.get("TEST_MODEL_DIR", "~/.cache/legal-training-platform")).expanduser()
SMALL = WeightStore(CATALOG, MODEL_DIR, "smollm2-135m-instruct")
ASK = CompletionRequest(
    "local",
    ({"role": "user", "content": "Write one sentence about contracts."},),
    max_tokens=100,
    timeout_s=60,
    schema={
        "type": "object",
        "properties": {"text": {"type": "string", "pattern": "^[A-Z][a-z ]{5,60}\\.$"}},
        "required": ["text"],
    },
)

needs_model = pytest.mark.skipif(
    not SMALL.is_present(), reason="the small test model is not fetched (make test does it)"
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> Iterator[EmbeddedModel]:
    made = EmbeddedModel(SMALL, idle_s=600, clock=clock)
    yield made
    made.stop()


@pytest.fixture
def provider(engine: EmbeddedModel) -> Iterator[LocalProvider]:
    made = LocalProvider(ProviderConfig("local", "http://127.0.0.1", embedded=engine, timeout_s=60))
    yield made
    made.close()


@needs_model
@pytest.mark.engine
def test_engine_starts_at_first_use_and_keeps_the_schema(provider: LocalProvider, engine: EmbeddedModel) -> None:
    assert not engine.is_running
    assert provider.list_models() == []

    answer = provider.complete(ASK)

    assert engine.is_running
    assert answer.completion_tokens > 0
    assert '"text"' in answer.text


@needs_model
@pytest.mark.engine
def test_engine_that_died_is_started_again(provider: LocalProvider, engine: EmbeddedModel) -> None:
    provider.complete(ASK)
    first = engine.pid
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: not engine.is_running)

    provider.complete(ASK)

    assert engine.pid != first


@needs_model
@pytest.mark.engine
def test_engine_is_unloaded_when_idle_but_not_while_used(engine: EmbeddedModel, clock: ManualClock) -> None:
    engine.acquire()
    clock.advance(1000)
    assert engine.stop_if_idle() > 0
    assert engine.is_running

    engine.release()
    assert engine.stop_if_idle() == 600
    clock.advance(601)

    assert engine.stop_if_idle() == 0
    assert not engine.is_running


@needs_model
@pytest.mark.engine
def test_engine_refuses_who_has_not_its_key(engine: EmbeddedModel) -> None:
    session = engine.acquire()
    stranger = LocalProvider(ProviderConfig("local", session.base_url))
    client = stranger._make_client()

    with pytest.raises(Exception, match=r"401|[Ii]nvalid"):
        client.chat.completions.create(model="local", messages=[{"role": "user", "content": "x"}])

    client.close()
    engine.release()


@needs_model
@pytest.mark.engine
def test_engine_ends_with_its_parent_even_when_that_is_killed() -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from services.llm.embedded.model import EmbeddedModel\n"
        "from services.llm.embedded.weights import WeightStore\n"
        "engine = EmbeddedModel(WeightStore(Path(sys.argv[1]), Path(sys.argv[2]), 'smollm2-135m-instruct'), 600)\n"
        "engine.acquire(); print(engine.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(CATALOG), str(MODEL_DIR)]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIR)
    assert parent.stdout
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    until(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        if Path("/proc").is_dir():
            return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def test_file_that_is_no_model_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF but nothing more")
    engine = EmbeddedModel(WeightStore(CATALOG, tmp_path, str(tmp_path / "x.gguf")), 600)
    provider = LocalProvider(ProviderConfig("local", "http://127.0.0.1", embedded=engine))

    with pytest.raises(ModelUnavailableError, match=r"cli\.py doctor"):
        provider.complete(ASK)

    engine.stop()
    with pytest.raises(ModelUnavailableError, match="stopping"):
        engine.acquire()


def test_missing_weights_are_a_clear_error(tmp_path: Path) -> None:
    engine = EmbeddedModel(WeightStore(CATALOG, tmp_path, str(tmp_path / "no.gguf")), 600)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        engine.acquire()


def test_provider_without_an_engine_says_so() -> None:
    with pytest.raises(ConfigurationError, match="no embedded model"):
        LocalProvider(ProviderConfig("local", "http://127.0.0.1")).complete(ASK)
