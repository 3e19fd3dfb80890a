"""The Clinical Brief: claims, their checks and the renderers."""

from mmrag.brief.compose import compose
from mmrag.brief.model import DISCLAIMER, Brief, Citation, Claim
from mmrag.brief.render import FORMATS, BriefFormat, render
from mmrag.brief.replay import Replay, load_brief, replay
from mmrag.brief.replay_text import replay_text
from mmrag.brief.rows import Records
from mmrag.brief.schema import brief_schema, render_schema
from mmrag.brief.stored import StoredRecords

__all__ = [
    "DISCLAIMER",
    "FORMATS",
    "Brief",
    "BriefFormat",
    "Citation",
    "Claim",
    "Records",
    "Replay",
    "StoredRecords",
    "brief_schema",
    "compose",
    "load_brief",
    "render",
    "render_schema",
    "replay",
    "replay_text",
]
