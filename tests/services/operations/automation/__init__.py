"""Tests of what goes on by itself."""
