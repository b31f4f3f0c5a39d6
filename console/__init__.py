"""What a person sees at the terminal: the server process, progress, demo, doctor."""
