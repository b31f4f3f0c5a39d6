"""How much each vendor may be asked, and who waits for it."""
