"""The report loses nothing and stays short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.ingest.report import Ledger, Tally
from mmrag.records import Problem

problems = st.builds(
    Problem,
    file=st.just("table.csv"),
    message=st.just("cannot be read"),
    row=st.integers(2, 99),
    kind=st.sampled_from(["bad-film", "bad-row"]),
    count=st.integers(1, 3),
)


@given(st.lists(problems, max_size=80))
def test_every_problem_is_counted_once(noted: list[Problem]) -> None:
    ledger = Ledger("nih")
    for problem in noted:
        ledger.problem(problem)
    report = ledger.close()
    assert sum(line.count for line in report.problems) == sum(p.count for p in noted)


def test_a_thousand_broken_films_make_a_short_report() -> None:
    ledger = Ledger("nih")
    for number in range(1000):
        ledger.problem(Problem(f"{number}.png", "not an image", kind="bad-film"))
    report = ledger.close()
    assert len(report.problems) == 21
    assert report.problems[-1].message == "and 980 more films that cannot be read"


def test_tallies_are_kept_apart() -> None:
    ledger = Ledger("nih")
    ledger.count("films.added", 3)
    ledger.count("labs.changed")
    report = ledger.close()
    assert report.films == Tally(added=3)
    assert report.labs == Tally(changed=1)
