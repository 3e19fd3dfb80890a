"""Two legs that cannot drown each other, merged into one result."""

from mmrag.retrieval.search import answer, search

__all__ = ["answer", "search"]
