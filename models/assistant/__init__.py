"""What conversations and runs leave behind: sessions, turns, events, memories, summaries, events of runs."""
