"""The terminal: client of the service, temporary server, progress, demo, doctor."""
