"""The film of a patient whose blood is shown, and the other way round."""

from __future__ import annotations

from typing import Any

from mmrag.brief import Brief, Claim, compose
from mmrag.brief.elsewhere import MOST
from mmrag.retrieval.results import FilmHit, LabHit
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel


def brief_of(films: list[FilmHit], labs: list[LabHit], unshown: Any) -> Brief:
    """A brief over a store that holds more than the search showed."""
    result = answer(asking("Pneumonia"), tuple(films), tuple(labs))
    shelf = Shelf(result)
    more = Shelf(answer(asking(), *unshown))
    shelf.films |= more.films
    shelf.reports |= more.reports
    return compose(result, shelf)


def said(brief: Brief) -> list[Claim]:
    return [claim for claim in brief.claims if "the store also holds" in claim.text]


def of(patient: str, rank: int, day: float | None, kind: Any, **other: Any) -> Any:
    fields = {"patient": patient, "source": "covid", "day": day, **other}
    if kind is film:
        return film(rank, ("Pneumonia",), **fields)
    return panel(rank, leukocytes(), effective_at=None, **fields)


def test_the_film_of_a_panel_that_is_shown_is_named_with_its_day() -> None:
    labs = [of("covid:7", 1, 10.0, panel)]
    (claim,) = said(brief_of([], labs, ((of("covid:7", 3, 12.0, film),), ())))
    assert claim.text == (
        "Of patient covid:7, panel #1 is shown; the store also holds 1 film of the same patient "
        "that is not shown: 00000003_000.png, 2 days later."
    )
    assert claim.patient == "covid:7"
    assert claim.value("records") == ["film:00000003_000.png", "lab:panel-1"]


def test_of_several_the_nearest_is_named() -> None:
    unshown = ((), (of("covid:7", 5, 2.0, panel), of("covid:7", 6, 19.0, panel)))
    (claim,) = said(brief_of([of("covid:7", 1, 20.0, film)], [], unshown))
    assert "holds 2 panels of the same patient that are not shown: " in claim.text
    assert claim.text.endswith("the nearest is panel-6, 1 day earlier.")


def test_without_a_common_clock_none_is_called_the_nearest() -> None:
    unshown = ((), (of("covid:7", 5, 2.0, panel), of("covid:7", 6, 19.0, panel)))
    (claim,) = said(brief_of([of("covid:7", 1, None, film)], [], unshown))
    assert claim.text.endswith("one is panel-5, and which came first is not known.")


def test_nothing_is_said_of_strangers_or_of_a_patient_shown_with_both() -> None:
    films, labs = [of("covid:7", 1, 1.0, film)], [of("covid:7", 1, 1.0, panel)]
    assert said(brief_of(films, labs, ((of("covid:7", 2, 1.0, film),), ()))) == []
    assert said(brief_of(films, [], ((), (of("covid:8", 2, 1.0, panel),)))) == []


def test_the_first_patients_in_rank_are_enough() -> None:
    labs = [of(f"covid:{n}", n, 1.0, panel) for n in range(1, 8)]
    unshown = (tuple(of(f"covid:{n}", n, 1.0, film) for n in range(1, 8)), ())
    assert [c.patient for c in said(brief_of([], labs, unshown))] == [
        f"covid:{n}" for n in range(1, MOST + 1)
    ]


def test_a_film_that_came_meanwhile_takes_the_count_away() -> None:
    labs = [of("covid:7", 1, 10.0, panel)]
    result = answer(asking("Pneumonia"), (), tuple(labs))
    shelf = Shelf(result)
    first = Shelf(answer(asking(), (of("covid:7", 3, 12.0, film),), ())).films
    second = Shelf(answer(asking(), (of("covid:7", 4, 12.0, film),), ())).films
    shelf.films |= first
    asked = shelf.of_patients

    def and_another(patients: Any) -> Any:
        found = asked(patients)
        shelf.films |= second
        return found

    shelf.of_patients = and_another  # type: ignore[method-assign]
    brief = compose(result, shelf)
    assert said(brief) == []
    assert brief.dropped == 1
