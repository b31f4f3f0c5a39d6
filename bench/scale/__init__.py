"""Benchmarks of what carries the service beyond one machine: table formats and queues."""
