"""How a database is opened, read and written, whichever it is: SQLite here, PostgreSQL where several processes work."""
