"""Foundations without domain knowledge: errors, clocks, breaker, logs."""
