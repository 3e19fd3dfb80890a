"""Made-up blood results: ordinary values for the person, moved by the illness.

The directions are those of any textbook of internal medicine (neutrophilia and a raised
C-reactive protein in bacterial pneumonia, polycythaemia in chronic hypoxia, microcytic
anaemia in chronic blood loss); the sizes are made up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmrag.records import Sex

Blood = dict[str, float]
"""Values by `Analyte.key`, in `Analyte.unit`."""

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Analyte:
    """One result of the panel, named as Synthea's export names it."""

    key: str
    loinc: str
    name: str
    unit: str
    decimals: int


PANEL = (
    Analyte("wbc", "6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 1),
    Analyte("rbc", "789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL", 2),
    Analyte("hgb", "718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 1),
    Analyte("hct", "4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", 1),
    Analyte("mcv", "787-2", "MCV [Entitic volume] by Automated count", "fL", 1),
    Analyte("mch", "785-6", "MCH [Entitic mass] by Automated count", "pg", 1),
    Analyte("mchc", "786-4", "MCHC [Mass/volume] by Automated count", "g/dL", 1),
    Analyte("rdw", "788-0", "Erythrocyte distribution width [Ratio] by Automated count", "%", 1),
    Analyte("plt", "777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 0),
    Analyte(
        "mpv", "32623-1", "Platelet mean volume [Entitic volume] in Blood by Automated count",
        "fL", 1,
    ),
    Analyte("neu", "751-8", "Neutrophils [#/volume] in Blood by Automated count", "10*3/uL", 2),
    Analyte("lym", "731-0", "Lymphocytes [#/volume] in Blood by Automated count", "10*3/uL", 2),
    Analyte("mon", "742-7", "Monocytes [#/volume] in Blood by Automated count", "10*3/uL", 2),
    Analyte("eos", "711-2", "Eosinophils [#/volume] in Blood by Automated count", "10*3/uL", 2),
    Analyte("bas", "704-7", "Basophils [#/volume] in Blood by Automated count", "10*3/uL", 2),
    Analyte("neu%", "770-8", "Neutrophils/100 leukocytes in Blood by Automated count", "%", 1),
    Analyte("lym%", "736-9", "Lymphocytes/100 leukocytes in Blood by Automated count", "%", 1),
    Analyte("mon%", "5905-5", "Monocytes/100 leukocytes in Blood by Automated count", "%", 1),
    Analyte("eos%", "713-8", "Eosinophils/100 leukocytes in Blood by Automated count", "%", 1),
    Analyte("bas%", "706-2", "Basophils/100 leukocytes in Blood by Automated count", "%", 1),
    Analyte("crp", "1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", 1),
    Analyte("na", "2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 0),
    Analyte("k", "2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 1),
    Analyte(
        "co2", "2028-9", "Carbon dioxide  total [Moles/volume] in Serum or Plasma", "mmol/L", 0
    ),
    Analyte("urea", "3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL", 0),
    Analyte("crea", "2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 2),
    Analyte("glu", "2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 0),
    Analyte("alb", "1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL", 1),
)  # fmt: skip
"""What is measured at every visit, in the order of the table."""

_DIFFERENTIAL = ("neu", "lym", "mon", "eos", "bas")


def draw_blood(person: Rng, day: Rng, age: float, sex: Sex, illness: str, severity: float) -> Blood:
    """Make up one panel.

    Parameters
    ----------
    person : numpy.random.Generator
        In the same state for every panel of a person: their ordinary values.
    day : numpy.random.Generator
        Another for every panel.
    age : float
        In years.
    sex : {"F", "M"}
    illness : str
        A key of `EFFECTS`.
    severity : float
        0 to 1.

    Returns
    -------
    dict of str to float
        One value for each analyte of `PANEL`; the counts agree with each other (haematocrit
        is erythrocytes times their volume, the differential adds up to the leukocytes).
    """
    blood = _ordinary(person, age, sex)
    for key in ("wbc", "plt", "crp", "urea", "glu"):
        blood[key] *= 1.0 + 0.02 * float(np.clip(day.standard_normal(), -2, 2))
    EFFECTS[illness](blood, severity, day)
    return _consistent(blood)


def _ordinary(rng: Rng, age: float, sex: Sex) -> Blood:
    def around(mean: float, deviation: float) -> float:
        # Bounded, so that nobody is abnormal by chance.
        return mean + deviation * float(np.clip(rng.standard_normal(), -1.5, 1.5))

    grown, small = age >= 18, age < 7
    haemoglobin, volume = _red_cells(age, sex)
    creatinine = (0.95 if sex == "M" else 0.78) if grown else 0.29 + 0.02 * age
    return {
        "wbc": around(6.6, 0.8) if grown else around(8.6 if small else 7.4, 1.0),
        "hgb": around(haemoglobin, 0.3),
        "mcv": around(volume, 1.2),
        "mchc": around(33.5, 0.4),
        "rdw": around(13.0, 0.4),
        "plt": around(255 if grown else 300, 35),
        "mpv": around(9.0, 0.6),
        "neu%": around(44 if small else 61, 3.5),
        "mon%": around(7.0, 0.8),
        "eos%": around(2.4, 0.6),
        "bas%": around(0.5, 0.15),
        "crp": around(1.8, 0.8),
        "na": around(140, 1.3),
        "k": around(4.2, 0.2),
        "co2": around(25, 1.0),
        "urea": around(13, 2.2),
        "crea": creatinine * around(1.0, 0.08),
        "glu": around(86, 4),
        "alb": around(4.3, 0.2),
    }


def _red_cells(age: float, sex: Sex) -> tuple[float, float]:
    """Mean haemoglobin (g/dL) and cell volume (fL) by age and sex."""
    for below, haemoglobin, volume in ((5, 12.3, 80.0), (7, 12.5, 81.5), (12, 13.3, 84.0)):
        if age < below:
            return haemoglobin, volume
    if sex == "F":
        return 13.8, 89.0
    return (14.5, 88.3) if age < 18 else (15.2, 90.0)


def _consistent(blood: Blood) -> Blood:
    blood["hct"] = 100.0 * blood["hgb"] / blood["mchc"]
    blood["rbc"] = 10.0 * blood["hct"] / blood["mcv"]
    blood["mch"] = 10.0 * blood["hgb"] / blood["rbc"]
    others = sum(blood[f"{cell}%"] for cell in _DIFFERENTIAL if cell != "lym")
    blood["lym%"] = 100.0 - others
    for cell in _DIFFERENTIAL:
        blood[cell] = blood["wbc"] * blood[f"{cell}%"] / 100.0
    return blood


def _none(blood: Blood, severity: float, rng: Rng) -> None:
    """Leave the ordinary values."""


def _bacterial(blood: Blood, severity: float, rng: Rng) -> None:
    blood["wbc"] += float(rng.uniform(8.0, 15.0)) * severity
    blood["neu%"] += (86.0 - blood["neu%"]) * min(1.0, 0.3 + severity)
    blood["eos%"] *= 0.3
    blood["mon%"] *= 0.8
    blood["crp"] += float(rng.uniform(120.0, 280.0)) * severity**1.5
    blood["plt"] *= 1.0 + 0.25 * severity
    blood["na"] -= 5.0 * severity
    blood["alb"] -= 1.1 * severity
    blood["urea"] += 8.0 * severity


def _viral(blood: Blood, severity: float, rng: Rng) -> None:
    blood["wbc"] *= 1.0 - 0.15 * severity
    blood["neu%"] -= 8.0 * severity
    blood["crp"] += float(rng.uniform(15.0, 35.0)) * severity


def _heart_failure(blood: Blood, severity: float, rng: Rng) -> None:
    blood["na"] -= float(rng.uniform(10.0, 13.0)) * severity
    blood["crea"] *= 1.0 + 1.0 * severity
    blood["urea"] += 26.0 * severity
    blood["hgb"] -= 1.2 * severity


def _hypoxia(blood: Blood, severity: float, rng: Rng) -> None:
    blood["hgb"] += float(rng.uniform(5.5, 7.5)) * severity
    blood["co2"] += 12.0 * severity


def _malignancy(blood: Blood, severity: float, rng: Rng) -> None:
    blood["hgb"] -= float(rng.uniform(7.0, 9.0)) * severity
    blood["mcv"] -= 6.0 * severity
    blood["plt"] += float(rng.uniform(420.0, 560.0)) * severity
    blood["crp"] += float(rng.uniform(40.0, 90.0)) * severity
    blood["alb"] -= 1.8 * severity


def _bleeding(blood: Blood, severity: float, rng: Rng) -> None:
    blood["hgb"] -= float(rng.uniform(8.0, 10.0)) * severity
    blood["mcv"] -= float(rng.uniform(30.0, 38.0)) * severity
    blood["mchc"] -= 4.0 * severity
    blood["rdw"] += 8.0 * severity
    blood["plt"] *= 1.0 + 0.5 * severity


def _operation(blood: Blood, severity: float, rng: Rng) -> None:
    blood["crp"] += float(rng.uniform(50.0, 110.0)) * severity
    blood["hgb"] -= 3.0 * severity
    blood["wbc"] += 3.0 * severity


EFFECTS: dict[str, Callable[[Blood, float, Rng], None]] = {
    "none": _none,
    "bacterial": _bacterial,
    "viral": _viral,
    "heart-failure": _heart_failure,
    "hypoxia": _hypoxia,
    "malignancy": _malignancy,
    "bleeding": _bleeding,
    "operation": _operation,
}
"""How each illness moves the ordinary values."""
