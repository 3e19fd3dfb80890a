"""A language model that puts claims into sentences, and the verifier that reads them."""
