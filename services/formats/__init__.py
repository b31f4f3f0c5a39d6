"""Reading samples out of files that people bring."""
