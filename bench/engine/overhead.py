"""Own cost of a sample at zero latency: CPU and memory of the service, as a slope.

.venv/bin/python bench/engine/overhead.py [small large …]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import cpu_s, finish, resident_mib, service
from tests.vendors.process import VendorProcess


def main(sizes: list[int]) -> None:
    """Run a batch of each size on one service and print what it took."""
    rows: list[tuple[int, float, float]] = []
    with VendorProcess("groq") as vendors, service(vendors) as server:
        finish(server, server.post("generate/batch/start", count=50, provider="groq", difficulty="basic")["batch_id"])
        for size in sizes:
            before = cpu_s(server)
            started = server.post("generate/batch/start", count=size, provider="groq", difficulty="basic")
            batch = finish(server, started["batch_id"], 0.5)
            assert (batch["status"], batch["progress"]) == ("completed", size), batch
            rows.append((size, cpu_s(server) - before, resident_mib(server)))
            print(f"{size} samples: {rows[-1][1]:.2f} CPU s, {rows[-1][2]:.0f} MiB resident", flush=True)
    (small, small_cpu, small_mib), (large, large_cpu, large_mib) = rows[0], rows[-1]
    print(f"slope: {(large_cpu - small_cpu) / (large - small) * 1000:.2f} ms of CPU a sample")
    print(f"memory: {large_mib - small_mib:+.0f} MiB from {small} to {large} samples")


if __name__ == "__main__":
    main([int(value) for value in sys.argv[1:]] or [100, 5000])
