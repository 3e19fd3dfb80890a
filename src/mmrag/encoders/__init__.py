"""Films and texts to vectors: one module an encoder."""
