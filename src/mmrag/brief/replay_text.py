"""What a replay found, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mmrag.brief.plain import counted_records, plain
from mmrag.brief.replay import RankReplay, Replay
from mmrag.brief.wording import counted

_NAMED = 20
"""Records and claims that are named one by one; of more only the count is told."""


def replay_text(replay: Replay, width: int = 80) -> str:
    """Say what still holds and what does not.

    Parameters
    ----------
    replay : Replay
    width : int
        Columns of the terminal.

    Returns
    -------
    str
        Free of control characters except line feeds.
    """
    return "\n".join(
        line
        for words in _lines(replay)
        for line in textwrap.wrap(
            plain(words, 1000), width, subsequent_indent="    ", break_on_hyphens=False
        )
    )


def _lines(replay: Replay) -> Iterator[str]:
    asked = plain(replay.asked, 400) or "(a film, no words)"
    yield f"Brief of {replay.made.at:%Y-%m-%d %H:%M} UTC: {asked}"
    yield "Everything still holds." if replay.holds else "Not everything holds any more."
    yield from _claims(replay)
    yield from _records(replay)
    yield from _ranks(replay.ranks)
    yield from _space(replay)
    yield from _version(replay)


def _claims(replay: Replay) -> Iterator[str]:
    fallen = [claim for claim in replay.claims if not claim.holds]
    yield f"Claims: {len(replay.claims) - len(fallen)} of {len(replay.claims)} hold."
    for claim in fallen[:_NAMED]:
        yield f"- {claim.id} falls: {plain(claim.text, 200)} ({'; '.join(claim.why)})"
    yield from _more(len(fallen))


def _records(replay: Replay) -> Iterator[str]:
    changed = [record for record in replay.records if record.state != "unchanged"]
    same = len(replay.records) - len(changed)
    yield f"Records: {same} of {counted(len(replay.records), 'cited record')} unchanged."
    for record in changed[:_NAMED]:
        yield f"- {record.record} ({record.source}): {record.state}"
    yield from _more(len(changed))


def _ranks(ranks: tuple[RankReplay, ...]) -> Iterator[str]:
    if not ranks:
        yield "Ranks: the same records in the same order."
        return
    new = [r for r in ranks if r.before is None]
    left = [r for r in ranks if r.now is None]
    moved = [r for r in ranks if r.before is not None and r.now is not None]
    yield f"Ranks: {len(new)} new, {len(left)} no longer among them, {len(moved)} moved."
    yield from (f"- new at #{each.now}: {each.record} ({each.source})" for each in new[:_NAMED])
    if left:
        yield f"- no longer shown: {counted_records([each.record for each in left])}"
    if moved:
        yield f"- moved: {counted_records([_move(each) for each in moved])}"


def _move(rank: RankReplay) -> str:
    return f"{rank.record} from #{rank.before} to #{rank.now}"


def _space(replay: Replay) -> Iterator[str]:
    if replay.same_space:
        yield f"Space: {replay.space.fingerprint}, as then."
        return
    before, now = (
        f"{space.fingerprint} with weights {space.w_pixel:g} and {space.w_label:g}"
        for space in (replay.space, replay.space_now)
    )
    yield f"Space: {before} then, {now} now."


def _version(replay: Replay) -> Iterator[str]:
    if replay.same_version:
        yield f"Version: {replay.now.version}, as then."
    else:
        yield f"Version: {replay.made.version} then, {replay.now.version} now."


def _more(count: int) -> Iterator[str]:
    if count > _NAMED:
        yield f"- and {count - _NAMED} more"
