"""The agents: one small graph, each node a module."""
