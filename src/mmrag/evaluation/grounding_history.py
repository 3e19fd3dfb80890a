"""What a sentence counts among the other films of a film's patient."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mmrag.evaluation.grounding_claims import AuditedClaim

_CLAUSE = re.compile(r" \((?:(?P<named>[^()]+) of )?(?P<films>\d+) that have labels\)")
_NAMED = re.compile(r"(?:^|, | and )(?P<finding>.+?) on (?P<count>\d+)(?=$|, | and )")


def without_history(text: str) -> str:
    """Take out what is counted among other films: no film that is shown has to bear it out."""
    return _CLAUSE.sub("", text)


def history_problems(claim: AuditedClaim) -> Iterator[str]:
    """Hold the counts of a sentence against those that it cites, which the rows bear out."""
    cited = {name: value for _, name, value in claim.citations if name.startswith("history")}
    clause = _CLAUSE.search(claim.text)
    if clause is None:
        return
    said = {"history.films": int(clause["films"])}
    for match in _NAMED.finditer(clause["named"] or ""):
        said[f"history[{match['finding']}]"] = int(match["count"])
    if said != cited:
        yield f"{said} is said of other films, {cited} cited"
