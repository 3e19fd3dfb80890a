"""A language model's sentences as a section of their own, with the model as its author.

They restate claims that stand in the other sections, so their narrative is `additional`: no
entry beside it holds what it says.
"""

from __future__ import annotations

from mmrag.brief.fhir.parts import Json, full_url, narrative, paragraph, reference, words
from mmrag.brief.writer.shown import markdown_lines
from mmrag.brief.writer.written import Written


def model_url(written: Written) -> str:
    """Name a language model at its host."""
    return full_url("Device", "language model", written.model, written.host)


def model(written: Written) -> Json:
    """Write a language model as a device."""
    return {
        "resourceType": "Device",
        "deviceName": [{"name": words(written.model), "type": "model-name"}],
        "type": {"text": "language model"},
    }


def prose(written: Written) -> Json:
    """Write the section: who wrote it, each sentence with its claims, what was not printed."""
    title, *paragraphs = markdown_lines(written)
    return {
        "title": title,
        "author": [reference(model_url(written), written.model)],
        "text": narrative("".join(map(paragraph, paragraphs)), "additional"),
    }
