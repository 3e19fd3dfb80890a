"""One panel, and everything that is stored of one patient."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from mmrag.retrieval.lookup import PanelRecord, Timeline
from mmrag.web.access import Reader
from mmrag.web.problems import PROBLEMS, may_miss
from mmrag.web.routes.films import Source
from mmrag.web.service import Here

router = APIRouter(prefix="/v1", tags=["patients"], responses=PROBLEMS)


@router.get("/labs/{id_:path}", responses=may_miss("panel"))
def panel(id_: str, here: Here, caller: Reader, source: Source = None) -> PanelRecord:
    """Say what is stored of a laboratory panel."""
    found = here.engine.panel(id_, source)
    if found is None:
        raise HTTPException(404, f"no panel {id_!r} is stored")
    here.engine.audit.viewed(caller.name, found)
    return found


@router.get("/patients/{id_:path}/timeline", responses=may_miss("patient"))
def timeline(id_: str, here: Here, caller: Reader) -> Timeline:
    """Say what is stored of a patient, each kind in its order of time."""
    found = here.engine.timeline(id_)
    if found is None:
        raise HTTPException(404, f"nothing is stored of a patient {id_!r}")
    here.engine.audit.viewed(caller.name, found)
    return found
