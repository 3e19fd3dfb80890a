"""What the records that a question leaves are made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from mmrag.web.access import Reader
from mmrag.web.page_state import PageState, state_of
from mmrag.web.problems import PROBLEMS
from mmrag.web.service import Here

router = APIRouter(prefix="/v1", tags=["questions"], responses=PROBLEMS)


class FacetCount(BaseModel):
    """How many films or panels have one value of one field, see `mmrag.store.facets.Facet`."""

    field: str
    value: str
    count: int


class FacetList(BaseModel):
    """Counts, the most frequent first within a field."""

    items: list[FacetCount]
    total: int


@router.get("/facets")
def facets(here: Here, _: Reader, state: Annotated[PageState, Depends(state_of)]) -> FacetList:
    """Count, by field, what a question leaves; without one, everything."""
    counts = here.engine.facets(state.query)
    items = [FacetCount(field=each.field, value=each.value, count=each.count) for each in counts]
    return FacetList(items=items, total=len(items))
