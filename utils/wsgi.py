"""What our server tells the app through the WSGI environment."""

# A function that takes a function: it is called as soon as the client has left, from another thread, once or twice.
# Only for streams: a client that closes its sending side is taken for gone. Other servers do not have it.
ON_CLIENT_LEFT = "legal_training.on_client_left"
