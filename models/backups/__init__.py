"""Backups of the data folder, and whether its parts belong together."""
