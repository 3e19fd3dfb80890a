"""Bytes to records: one module a source."""
