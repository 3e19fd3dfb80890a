"""Source to store: read, encode, fuse, write; a run that was killed goes on where it was."""

from mmrag.ingest.run import ingest_source

__all__ = ["ingest_source"]
