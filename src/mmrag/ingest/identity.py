"""When a record is the same as the one stored: hashes over what its source says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date

from mmrag.records import Film, LabReport


def record_hash(record: Film | LabReport) -> str:
    """Hash what a record says and the file that it is in.

    The line of the table is left out: a row that moved is still the same record.

    Parameters
    ----------
    record : Film or LabReport

    Returns
    -------
    str
        SHA-256 in hexadecimal; equal for equal records in every process.
    """
    content = asdict(record)
    del content["provenance"]["row"]
    text = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a record holds a {type(value).__name__}, which has no stable form")
