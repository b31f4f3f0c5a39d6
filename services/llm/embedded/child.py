"""The embedded model's own process: llama.cpp's server on a loopback port.

Started by `services.llm.embedded.model`; reads one line of JSON from standard input (model,
key, slots, context), answers with one line (port or error), and ends when standard
input closes, so it never outlives its parent.
"""

import json
import os
import sys


def main() -> None:
    """Load the model, serve until standard input closes."""
    # Must stand before the library loads: busy spinning starves a machine with few cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    order = json.loads(sys.stdin.readline())
    try:
        import xllamacpp
    except ImportError as error:
        _answer(error=f"the embedded model cannot be loaded ({error}); on Debian: apt-get install libgomp1")
        return
    parameters = xllamacpp.CommonParams()
    parameters.model.path = order["model"]
    parameters.n_ctx = order["slots"] * order["context"]
    parameters.n_parallel = order["slots"]
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = order["threads"]
    parameters.port = 0
    parameters.hostnames = ["127.0.0.1"]
    parameters.api_keys = [order["key"]]
    parameters.model_alias = {"local"}
    try:
        server = xllamacpp.Server(parameters)
    except Exception as error:  # noqa: BLE001  # top of a process: the parent gets the reason
        _answer(error=f"the model cannot be loaded ({error})")
        return
    _answer(address=server.listening_address)
    sys.stdin.read()


def _answer(**fields: str) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
