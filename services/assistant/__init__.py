"""Conversations with the models."""
