"""The Clinical Brief: claims, their checks and the renderers."""

from mmrag.brief.compose import compose
from mmrag.brief.model import DISCLAIMER, Brief, Citation, Claim
from mmrag.brief.render import FORMATS, BriefFormat, render
from mmrag.brief.rows import Records
from mmrag.brief.stored import StoredRecords

__all__ = [
    "DISCLAIMER",
    "FORMATS",
    "Brief",
    "BriefFormat",
    "Citation",
    "Claim",
    "Records",
    "StoredRecords",
    "compose",
    "render",
]
