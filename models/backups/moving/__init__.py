"""Takes all tables of one database over to another, whichever kind each is, and proves that nothing differs."""
