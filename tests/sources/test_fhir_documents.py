from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag.sources.fhir import documents
from mmrag.sources.fhir.documents import Found, NoNumber, Numeral, Place, Unreadable, read_file


def found(tmp_path: Path, text: str | bytes, name: str = "a.json") -> list[Found | Unreadable]:
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_file(file))


def contents(items: list[Found | Unreadable]) -> list[object]:
    return [item.content for item in items if isinstance(item, Found)]


json_values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    entries=st.lists(json_values, max_size=8),
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 2]),
    type_first=st.booleans(),
)
def test_entries_come_out_whole_however_the_text_is_cut(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[object],
    chunk: int,
    indent: int | None,
    type_first: bool,
) -> None:
    parts = {"resourceType": "Bundle", "entry": [{"resource": {"x": e}} for e in entries]}
    document = parts if type_first else dict(reversed(parts.items()))
    folder = tmp_path_factory.mktemp("cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "CHUNK", chunk)
        items = found(folder, json.dumps(document, indent=indent))
    assert contents(items) == [{"x": entry} for entry in entries]
    assert [item.place.entry for item in items] == list(range(len(entries)))


def test_numbers_stay_as_written(tmp_path: Path) -> None:
    (content,) = contents(found(tmp_path, '{"a": 1.50, "b": 1e999, "c": NaN, "d": -Infinity}'))
    assert content == {"a": "1.50", "b": "1e999", "c": "NaN", "d": "-Infinity"}
    assert isinstance(content, dict)
    assert [type(value) for value in content.values()] == [Numeral, Numeral, NoNumber, NoNumber]


def test_lines_cost_themselves_alone(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbf{"a": true}\n\n{broken\n{"a": false}\n\xff\xfe\n'
    items = found(tmp_path, text, "Observation.ndjson")
    assert contents(items) == [{"a": True}, {"a": False}]
    assert [item.place.line for item in items] == [1, 3, 4, 5]


def test_a_bundle_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    whole = json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": {"n": str(i)}} for i in range(5)]}
    )
    items = found(tmp_path, whole[: whole.index('"4"')])
    assert contents(items) == [{"n": str(i)} for i in range(4)]
    assert isinstance(items[-1], Unreadable)
    assert items[-1].place == Place(entry=4)


@pytest.mark.parametrize(
    "text", ["{", "[", "{]", '{"a" 1}', "nonsense", '{"a": }', '"a"', "[" * 100_000, "\xff\xfe{}",
             '{"a": "\x01"}', '{"entry": [1,]}', '{"a": ' + "9" * 10_000 + "x}"],
)  # fmt: skip
def test_what_is_no_json(tmp_path: Path, text: str) -> None:
    items = found(tmp_path, text.encode("latin-1"))
    assert isinstance(items[-1], Unreadable)


def test_documents_one_after_another_and_lists(tmp_path: Path) -> None:
    assert contents(found(tmp_path, '{"a": "1"}\n{"a": "2"} [{"a": "3"}]')) == [
        {"a": "1"}, {"a": "2"}, {"a": "3"},
    ]  # fmt: skip
    assert found(tmp_path, "") == found(tmp_path, " \n") == []


def test_bundles_inside_bundles_and_lines(tmp_path: Path) -> None:
    inner = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1", "resource": {"a": "1"}}]}
    outer = {"resourceType": "Bundle", "entry": [{"resource": inner}]}
    for text, name in ((json.dumps(outer), "a.json"), (json.dumps(inner), "a.ndjson")):
        (item,) = found(tmp_path, text, name)
        assert isinstance(item, Found)
        assert (item.content, item.url) == ({"a": "1"}, "urn:uuid:1")


def test_entries_of_another_resource_are_its_own(tmp_path: Path) -> None:
    resource = {"resourceType": "List", "entry": [{"item": {"reference": "Patient/1"}}]}
    assert contents(found(tmp_path, json.dumps(resource))) == [resource]


def test_a_broken_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps([{"n": str(i)} for i in range(20_000)]).encode())
    for text in (whole[: len(whole) // 2], whole[:-20] + b"x" * 20, b"\x1f\x8bnonsense"):
        assert isinstance(found(tmp_path, text, "a.json.gz")[-1], Unreadable)
