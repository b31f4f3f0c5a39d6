"""What all vendors share: the wire, the deadline, streams."""
