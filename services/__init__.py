"""What the product does: generation, routing, batches, citations."""
