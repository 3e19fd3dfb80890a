"""Clinical retrieval over chest radiographs and laboratory results. For research only."""

__version__ = "0.1.0"
