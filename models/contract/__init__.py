"""What callers send and get: bodies, arguments, answers."""
