"""A model that is called by a file keeps the file's name alone in samples."""

import pytest

from utils.model_names import shown_model


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/root/models/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        ("./models/llama", "llama"),
        ("../llama/", "llama"),
        ("~/llama-7b", "llama-7b"),
        (r"C:\Users\me\model.gguf", "model.gguf"),
        ("C:/Users/me/model.gguf", "model.gguf"),
        (r"\\host\share\model", "model"),
        ("models/qwen.gguf", "qwen.gguf"),
        ("file:///data/m.safetensors", "m.safetensors"),
        ("/root/.cache/huggingface/hub/models--Qwen--Qwen3-8B/snapshots/895c8d171bc0", "Qwen/Qwen3-8B"),
        ("/c/models--Qwen--Qwen3-8B-GGUF/snapshots/895c/q4.gguf", "q4.gguf"),
        ("openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("accounts/fireworks/models/x", "accounts/fireworks/models/x"),
        ("gpt-oss:120b", "gpt-oss:120b"),
        ("@cf/meta/llama-3", "@cf/meta/llama-3"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_path_of_a_file_is_no_name_of_a_model(name: str, shown: str) -> None:
    assert shown_model(name) == shown
    assert shown_model(shown) == shown
