from __future__ import annotations

import pytest

from mmrag.clinical.query import compile_query
from mmrag.errors import QueryError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("highest WBC", '"high leukocytes"'),
        ("maximum serum creatinine in women", '"high creatinine"'),
        ("nadir of haemoglobin", '"low haemoglobin"'),
        ("top 5 CRP", '"high C-reactive protein"'),
        ("films ordered by haemoglobin", "nothing is sorted"),
        ("ejection dyssynchrony index above 40", "'ejection dyssynchrony index above 40'"),
        ("effusion with a score of at least 3", "at least 3"),
        ("more than 3 nodules", "more than 3"),
        ("WBC max 20", "is not understood"),
    ],
)
def test_what_would_be_ignored_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError) as error:
        compile_query(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "nodule larger than 8 mm",
        "pneumonia in less than 3 weeks",
        "effusion over 60",
        "high WBC",
        "BP over 140/90",
        "highest film of the series",
    ],
)
def test_what_is_read_or_left_to_the_encoder_is_not(text: str) -> None:
    compile_query(text)
