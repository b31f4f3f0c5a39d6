"""Tests of the push to the Hub."""
