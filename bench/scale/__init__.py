"""Benchmarks of what carries the service beyond one machine: databases, table formats and queues."""
