"""What trainers and loaders make of the exports: `run.py`."""
