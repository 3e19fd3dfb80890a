"""Declared identities of patients, and what the store knows that could speak against one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql

from mmrag.records import Sex
from mmrag.store.connection import Database
from mmrag.store.lab_search import qualifying
from mmrag.store.lab_terms import LabCondition, LabFilter
from mmrag.store.rows import clean
from mmrag.store.schema import Connection


@dataclass(frozen=True, slots=True)
class Link:
    """That a patient of films and a patient of panels are one person.

    Attributes
    ----------
    film_patient, lab_patient : str
        ``source:identifier``.
    declared_by : str
    file : str
        Name of the table that says so.
    row : int
        Line of it, header counted as 1.
    declared_at : datetime.datetime or None
        Timezone aware, UTC; None for a link that is not written yet.
    """

    film_patient: str
    lab_patient: str
    declared_by: str
    file: str
    row: int
    declared_at: datetime | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Both patients."""
        return self.film_patient, self.lab_patient


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What the store knows of a patient, who may be a stranger to it.

    Attributes
    ----------
    films, panels : int
    sexes : frozenset of {"F", "M"}
        As films, panels and the patient's own record give it.
    birth_date : datetime.date or None
    birth_years : tuple of (int, int) or None
        Earliest and latest year of birth by the records that have a date and an age.
    oldest : float or None
        Greatest age in years of the records that have an age and no date.
    """

    films: int = 0
    panels: int = 0
    sexes: frozenset[Sex] = frozenset()
    birth_date: date | None = None
    birth_years: tuple[int, int] | None = None
    oldest: float | None = None


_EVERY = """
SELECT film_patient, lab_patient, declared_by, file, line, declared_at
FROM link ORDER BY film_patient COLLATE "C", lab_patient COLLATE "C"
"""
_OF_PERSONS = """
WITH RECURSIVE person AS (
    SELECT unnest(%s::text[]) AS patient
    UNION
    SELECT CASE p.patient WHEN l.film_patient THEN l.lab_patient ELSE l.film_patient END
    FROM person p JOIN link l ON l.film_patient = p.patient OR l.lab_patient = p.patient
)
SELECT film_patient, lab_patient, declared_by, file, line, declared_at
FROM link WHERE film_patient IN (SELECT patient FROM person)
ORDER BY film_patient COLLATE "C", lab_patient COLLATE "C"
"""
_FACTS = """
WITH asked AS (SELECT DISTINCT unnest(%(patients)s::text[]) AS id),
record AS (
    SELECT patient AS id, true AS is_film, sex, age, taken_on AS dated FROM film
    WHERE patient = ANY(%(patients)s)
    UNION ALL
    SELECT patient, false, sex, age, CASE WHEN day IS NULL THEN effective_at::date END
    FROM lab_report WHERE patient = ANY(%(patients)s)
    UNION ALL
    SELECT id, NULL, sex, NULL, NULL FROM patient WHERE id = ANY(%(patients)s)
),
aged AS (
    SELECT *, extract(year FROM dated - age * interval '1 year')::int AS born FROM record
)
SELECT asked.id, count(*) FILTER (WHERE is_film), count(*) FILTER (WHERE NOT is_film),
    array_remove(array_agg(DISTINCT aged.sex), NULL), min(p.birth_date),
    min(born), max(born), max(age) FILTER (WHERE dated IS NULL)
FROM asked LEFT JOIN aged USING (id) LEFT JOIN patient p ON p.id = asked.id
GROUP BY asked.id
"""


_WITH_FILMS = sql.SQL("""
WITH RECURSIVE person AS (
    SELECT patient FROM ({qualifying}) AS qualifying
    UNION
    SELECT CASE p.patient WHEN l.film_patient THEN l.lab_patient ELSE l.film_patient END
    FROM person p JOIN link l ON l.film_patient = p.patient OR l.lab_patient = p.patient
)
SELECT patient FROM person WHERE EXISTS (SELECT FROM film f WHERE f.patient = person.patient)
ORDER BY patient COLLATE "C"
""")


class LinkChange:
    """The declared identities while nobody else can change them.

    Parameters
    ----------
    connection : Connection
        Inside the transaction that holds the table.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def every(self) -> list[Link]:
        """List all links, by their patients."""
        return [Link(*row) for row in self._connection.execute(_EVERY)]

    def facts(self, patients: Collection[str]) -> dict[str, PatientFacts]:
        """Say what is known of each of these patients, of strangers too."""
        by_stored_name = {clean(patient): patient for patient in patients}
        rows = self._connection.execute(_FACTS, {"patients": list(by_stored_name)})
        return {by_stored_name[id_]: _facts(*rest) for id_, *rest in rows}

    def film_patients(self) -> list[str]:
        """Name every patient with a film."""
        rows = self._connection.execute("SELECT DISTINCT patient FROM film WHERE patient <> ''")
        return [patient for (patient,) in rows]

    def lab_patients(self) -> list[str]:
        """Name every patient with a panel."""
        rows = self._connection.execute("SELECT DISTINCT patient FROM lab_report")
        return [patient for (patient,) in rows]

    def add(self, links: Sequence[Link]) -> None:
        """Write links of pairs that are not there yet."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO link (film_patient, lab_patient, declared_by, file, line) "
                "VALUES (%s, %s, %s, %s, %s)",
                [
                    (*map(clean, (*each.pair, each.declared_by, each.file)), each.row)
                    for each in links
                ],
            )

    def remove(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Take links back."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM link WHERE film_patient = %s AND lab_patient = %s",
                [(clean(film), clean(lab)) for film, lab in pairs],
            )


class Links:
    """The table of declared identities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def change(self) -> Iterator[LinkChange]:
        """Hold the table for one transaction; nothing is kept when it fails.

        Yields
        ------
        LinkChange

        Raises
        ------
        DatabaseError
        """
        with self._database.transaction() as connection:
            # two files at once must not join what neither would join alone
            connection.execute("LOCK TABLE link IN SHARE ROW EXCLUSIVE MODE")
            yield LinkChange(connection)

    def every(self) -> list[Link]:
        """List all links, by their patients."""
        with self._database.transaction() as connection:
            return LinkChange(connection).every()

    def of(self, patients: Collection[str]) -> list[Link]:
        """List every link of these patients and of whoever is one person with them."""
        with self._database.transaction() as connection:
            return links_of(connection, patients)

    def film_patients_of(
        self, conditions: Sequence[LabCondition], where: LabFilter
    ) -> tuple[str, ...]:
        """Name the patients with films of whose person a panel meets every condition.

        Parameters
        ----------
        conditions : sequence of LabCondition
        where : LabFilter
            On the panels.

        Returns
        -------
        tuple of str
            By name.
        """
        panels, parameters = qualifying(conditions, where)
        with self._database.transaction() as connection:
            rows = connection.execute(_WITH_FILMS.format(qualifying=panels), parameters)
            return tuple(patient for (patient,) in rows)


def links_of(connection: Connection, patients: Collection[str]) -> list[Link]:
    """List every link of these patients' persons; inside a transaction."""
    names = [clean(patient) for patient in patients]
    return [Link(*row) for row in connection.execute(_OF_PERSONS, (names,))]


def _facts(
    films: int,
    panels: int,
    sexes: list[Sex],
    birth_date: date | None,
    earliest: int | None,
    latest: int | None,
    oldest: float | None,
) -> PatientFacts:
    derived = None if earliest is None or latest is None else (earliest, latest)
    return PatientFacts(films, panels, frozenset(sexes), birth_date, derived, oldest)
