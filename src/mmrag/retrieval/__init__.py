"""Two legs that cannot drown each other, merged into one result."""

from mmrag.retrieval.search import search

__all__ = ["search"]
