"""HTTP API and page; needs the extra ``serve``."""
