"""The HTTP server: the process, its worker, connections and threads."""
