"""Legal Training Platform: the package of the service, and the command `ltp` that runs it."""

__version__ = "0.1.0"
