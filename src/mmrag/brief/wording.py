"""How the brief speaks of films, panels, labels and results."""

from __future__ import annotations

from collections.abc import Sequence

from mmrag.brief.judgement import Verdict
from mmrag.brief.plain import enumerated, number, plain
from mmrag.clinical.analytes import analytes
from mmrag.records import Flag, LabelsBy
from mmrag.retrieval.results import FilmHit, LabHit, ObservationHit

NO_PROOF = "a missing label does not prove absence"

_BY_FLAG: dict[Flag, str] = {
    "LL": "critically low",
    "L": "low",
    "N": "normal",
    "H": "high",
    "HH": "critically high",
}

_BY: dict[LabelsBy, str] = {
    "reports": "text-mined label",
    "radiologists": "read by radiologists",
    "source": "label as given",
}


def film_subject(hit: FilmHit) -> str:
    """Name a film in a sentence: the citation beside it holds the identifier."""
    return f"{'Made-up film' if hit.made_up else 'Film'} #{hit.rank}"


def panel_subject(hit: LabHit) -> str:
    """Name a panel in a sentence, with the day of its sample."""
    return f"{'Made-up panel' if hit.made_up else 'Panel'} #{hit.rank} ({day(hit)})"


def day(hit: LabHit) -> str:
    """Print the day of the sample: its date, or the day as the source counts them."""
    if hit.effective_at is not None:
        return hit.effective_at.date().isoformat()
    return "no date" if hit.day is None else counted_day(hit.day)


def film_day(hit: FilmHit) -> str:
    """Print the day of a film: its date, or the day as the source counts them."""
    if hit.taken_on is not None:
        return hit.taken_on.isoformat()
    return "no date" if hit.day is None else counted_day(hit.day)


def counted_day(day: float) -> str:
    """Print a day of a patient's own count.

    >>> counted_day(20.0), counted_day(-6.5)
    ('day 20', 'day -6.5')
    """
    return f"day {day:g}"


def numbered(noun: str, ranks: Sequence[int]) -> str:
    """Name several films or panels by rank.

    >>> numbered("film", [1]), numbered("film", [1, 3])
    ('film #1', 'films #1 and #3')
    """
    return f"{counted_noun(noun, len(ranks))} {enumerated([f'#{rank}' for rank in ranks])}"


def counted_noun(noun: str, count: int) -> str:
    """Put a noun into the number it needs."""
    return noun if count == 1 else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """Print a count with its noun."""
    return f"{count} {counted_noun(noun, count)}"


def is_mined(labels_by: LabelsBy, made_up: bool) -> bool:
    """Tell whether software mined a film's label from a report."""
    return labels_by == "reports" and not made_up


def label_origin(labels_by: LabelsBy, made_up: bool) -> str:
    """Say where a film's label comes from."""
    return "label of the made-up set" if made_up else _BY[labels_by]


def label_words(hit: FilmHit) -> str:
    """Say where a film's label comes from, and how its source words it where it does."""
    stated = f": “{plain(hit.stated)}”" if hit.stated else ""
    return f"{label_origin(hit.labels_by, hit.made_up)}{stated}"


def measured(observation: ObservationHit) -> str:
    """Print a result as stored: name, value and unit as written."""
    return f"{plain(observation.name)} {value_and_unit(observation)}"


def value_and_unit(observation: ObservationHit) -> str:
    """Print the value with its unit, both as stored."""
    if observation.value is not None:
        value = number(observation.value)
    else:
        value = plain(observation.text or "without a value")
    return f"{value} {plain(observation.unit)}" if observation.unit else value


def in_decimals(value: float, key: str) -> str:
    """Print a computed figure in as many decimals as the analyte's results are worth.

    Parameters
    ----------
    value : float
        In the analyte's canonical unit.
    key : str
        Key of ``analytes.toml``; of another the figure is printed whole.
    """
    known = analytes().get(key)
    return number(value) if known is None else f"{value:.{known.decimals}f}"


def called(flag: Flag | None, verdict: Verdict) -> str:
    """Put the flag into a word; only for a result whose range does not object."""
    return verdict if flag is None else f"{_BY_FLAG[flag]} (flag {flag})"


def range_words(low: float | None, high: float | None) -> str:
    """Print a reference range; both bounds are part of it.

    >>> range_words(4.5, 11.0), range_words(None, 5.0)
    ('4.5 to 11.0', 'at most 5.0')
    """
    if low is not None and high is not None:
        return f"{number(low)} to {number(high)}"
    if low is not None:
        return f"at least {number(low)}"
    return f"at most {number(high)}" if high is not None else "none"


def range_sentence(observation: ObservationHit) -> str:
    """Name the reference range, its source, and what decided the flag."""
    source, decided = observation.range_source, observation.flag_source
    if observation.low is None and observation.high is None:
        return f"no reference range stored; flag by {plain(decided or 'the record')}"
    sentence = f"reference range {range_words(observation.low, observation.high)}"
    if source:
        sentence += f" ({plain(source)})"
    if decided and decided != source:
        sentence += f"; flag by {plain(decided)}"
    return sentence
