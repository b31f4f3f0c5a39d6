"""Documents read: any file of a known kind becomes pages of text, in a process of its own (`reading.read_document`)."""
