"""Benchmarks of what several processes, or a server's database, cost and bear."""
