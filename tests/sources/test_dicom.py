"""DICOM films: real files, made files that bend the rules, and a machine without pydicom."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmrag.errors import BadFilm, MissingExtra, SourceError
from mmrag.records import Film, Patient, Problem
from mmrag.sources.dicom import DicomSource
from mmrag.sources.images import read_film

INSTALLED = "pydicom, which the extra dicom brings, is not installed"
RAMP = np.arange(256, dtype=np.uint16).reshape(16, 16)


def test_without_pydicom_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingExtra, match=r"pip install 'med-multimodal-rag\[dicom\]'"):
        DicomSource(tmp_path)
    film = tmp_path / "film"
    film.write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(BadFilm, match=r"this is a DICOM file.*\[dicom\]"):
        read_film(film)


def write_dicom(
    file: Path, pixels: NDArray[Any] | None = RAMP, syntax: str | None = None, **tags: Any
) -> Path:
    """Write a chest film of 16 stored bits, or what the tags make of it."""
    pydicom = pytest.importorskip("pydicom", reason=INSTALLED)
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax or pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = pydicom.uid.DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = pydicom.uid.generate_uid()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    if pixels is not None:
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation, dataset.SamplesPerPixel = 0, 1
        dataset.PixelData = pixels.tobytes()
    standing = {"Modality": "DX", "PhotometricInterpretation": "MONOCHROME2", "PatientID": "7"}
    for name, value in {**standing, **tags}.items():
        setattr(dataset, name, value)
    if pixels is not None:
        dataset["PixelData"].VR = "OW"
    dataset.save_as(file, enforce_file_format=True)
    return file


def read(path: Path) -> list[Any]:
    return list(DicomSource(path).read())


def one_film(file: Path) -> tuple[Film, list[Problem]]:
    items = read(file)
    (film,) = (item for item in items if isinstance(item, Film))
    return film, [item for item in items if isinstance(item, Problem)]


def test_the_tags_become_a_film_and_its_patient(tmp_path: Path) -> None:
    file = write_dicom(
        tmp_path / "film.dcm",
        PatientBirthDate="19500601",
        PatientSex="F",
        StudyDate="20200601",
        AcquisitionDate="20200531",
        ViewPosition="LL",
        BodyPartExamined="CHEST",
        ImagerPixelSpacing=[0.14, 0.15],
        PixelSpacing=[0.2, 0.2],
        PatientName="Nobody^Must^See",
    )
    patient, film = read(file)
    assert patient == Patient("dicom:7", date(1950, 6, 1), "F")
    assert (film.id, film.patient, film.findings) == ("film.dcm", "dicom:7", None)
    assert (film.view, film.sex, film.taken_on) == ("LATERAL", "F", date(2020, 5, 31))
    assert film.age == pytest.approx(70, abs=0.01)
    assert (film.width, film.height, film.pixel_spacing) == (16, 16, (0.14, 0.15))
    assert "Nobody" not in repr((patient, film))


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"Modality": "MG"}, "neither CR nor DX"),
        ({"Modality": "CT"}, "neither CR nor DX"),
        ({"BodyPartExamined": "HAND"}, "not the chest"),
        ({"BurnedInAnnotation": "YES"}, "burnt into the pixels"),
    ],
)
def test_what_is_no_chest_film_by_its_tags_is_refused_in_a_line(
    tmp_path: Path, tags: dict[str, Any], words: str
) -> None:
    (problem,) = read(write_dicom(tmp_path / "film.dcm", **tags))
    assert (problem.file, problem.kind) == ("film.dcm", "not-a-film")
    assert words in problem.message


@pytest.mark.parametrize(
    ("tags", "kind", "field"),
    [
        ({"StudyDate": "19010101"}, "bad-date", "taken_on"),
        ({"PatientAge": "400Y"}, "bad-age", "age"),
        ({"PixelSpacing": [0, 0]}, "bad-value", "pixel_spacing"),
    ],
)
def test_a_tag_that_says_nothing_costs_a_line_and_stays_unknown(
    tmp_path: Path, tags: dict[str, Any], kind: str, field: str
) -> None:
    film, problems = one_film(write_dicom(tmp_path / "film.dcm", **tags))
    assert [problem.kind for problem in problems] == [kind]
    assert getattr(film, field) is None


def test_a_folder_is_read_to_its_depths(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    write_dicom(tmp_path / "b" / "c" / "IM1", PatientID="8")
    write_dicom(tmp_path / "IM1")
    (tmp_path / "b" / "notes.txt").write_text("nothing")
    (tmp_path / ".hidden").write_text("nothing")
    items = read(tmp_path)
    assert [i.id for i in items if isinstance(i, Film)] == ["IM1", "b/c/IM1"]
    assert [str(i) for i in items if isinstance(i, Problem)] == [
        "b/notes.txt: not a DICOM file: move it elsewhere"
    ]


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pydicom", reason=INSTALLED)
    (tmp_path / "film.png").write_bytes(b"no DICOM")
    with pytest.raises(SourceError, match="no DICOM file here"):
        DicomSource(tmp_path)
    with pytest.raises(SourceError, match="no such file"):
        DicomSource(tmp_path / "nowhere")


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "film.dcm")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadFilm, match=r"damaged|without an image"):
        read_film(file)


def test_monochrome1_is_turned(tmp_path: Path) -> None:
    as_is = read_film(write_dicom(tmp_path / "a", RAMP.astype(np.uint8))).pixels
    turned = read_film(
        write_dicom(tmp_path / "b", RAMP.astype(np.uint8), PhotometricInterpretation="MONOCHROME1")
    ).pixels
    np.testing.assert_array_equal(as_is, RAMP.astype(np.uint8))
    np.testing.assert_array_equal(turned, 255 - as_is)


def test_the_window_decides_what_is_seen(tmp_path: Path) -> None:
    seen = read_film(
        write_dicom(tmp_path / "a", RAMP, WindowCenter=[100, 5], WindowWidth=[51, 5])
    ).pixels.ravel()
    assert (seen[:75] == 0).all()
    assert (seen[125:] == 255).all()
    assert int(seen[100]) == pytest.approx(128, abs=3)
    assert (np.diff(seen.astype(int)) >= 0).all()


def test_a_window_counts_rescaled_values(tmp_path: Path) -> None:
    plain = read_film(write_dicom(tmp_path / "a", RAMP, WindowCenter=128, WindowWidth=100))
    scaled = read_film(
        write_dicom(
            tmp_path / "b",
            RAMP,
            RescaleSlope=2,
            RescaleIntercept=-10,
            WindowCenter=246.5,
            WindowWidth=199,
        )
    )
    difference = plain.pixels.astype(int) - scaled.pixels.astype(int)
    assert np.abs(difference).max() <= 2


def test_without_a_window_the_values_in_use_are_stretched(tmp_path: Path) -> None:
    seen = read_film(write_dicom(tmp_path / "a", RAMP * 4 + 3000)).pixels
    assert (int(seen.min()), int(seen.max())) == (0, 255)


def test_a_table_of_values_decides_where_there_is_one(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom", reason=INSTALLED)
    table = pydicom.Dataset()
    table.LUTDescriptor = [256, 0, 12]
    table.LUTData = np.minimum(np.arange(256) * 32, 4095).astype(np.uint16).tobytes()
    seen = read_film(write_dicom(tmp_path / "a", RAMP, VOILUTSequence=[table])).pixels.ravel()
    assert seen[0] == 0
    assert int(seen[64]) == pytest.approx(255 * 64 * 32 / 4095, abs=1)
    assert (seen[128:] == 255).all()


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"NumberOfFrames": 2}, "several frames"),
        ({"PhotometricInterpretation": "RGB"}, "colour image"),
        ({"Rows": 60_000, "Columns": 60_000}, "more than the"),
    ],
)
def test_an_image_that_is_no_single_film_is_refused(
    tmp_path: Path, tags: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadFilm, match=words):
        read_film(write_dicom(tmp_path / "a", **tags))


def compressed(folder: Path, syntax: str, **tags: Any) -> Path:
    """Write a film in one of the compressed forms that GDCM writes, too."""
    gdcm = pytest.importorskip("gdcm", reason="python-gdcm, of the extra dicom, is not installed")
    depth: dict[str, Any] = {"BitsStored": 12, "HighBit": 11}
    plain = write_dicom(folder / "plain", RAMP * 16, **depth, **tags)
    reader, change, writer = (
        gdcm.ImageReader(),
        gdcm.ImageChangeTransferSyntax(),
        gdcm.ImageWriter(),
    )
    reader.SetFileName(str(plain))
    assert reader.Read()
    wanted = getattr(gdcm.TransferSyntax, syntax)
    change.SetTransferSyntax(gdcm.TransferSyntax(wanted))
    change.SetInput(reader.GetImage())
    assert change.Change()
    file = folder / f"{syntax}.dcm"
    writer.SetFileName(str(file))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return file


@pytest.mark.parametrize(
    "syntax", ["JPEGLosslessProcess14_1", "JPEGLosslessProcess14", "JPEGLSLossless",
               "JPEG2000Lossless"],
)  # fmt: skip
def test_a_lossless_compression_is_read_as_if_it_were_none(tmp_path: Path, syntax: str) -> None:
    file = compressed(tmp_path, syntax)
    assert b"1.2.840.10008.1.2.4." in file.read_bytes()[:1000]
    plain = read_film(tmp_path / "plain").pixels
    assert np.array_equal(read_film(file).pixels, plain)
    film, _ = one_film(file)
    assert film.id == file.name


RLE, LOSSLESS, HIGH_THROUGHPUT, EXTENDED = (
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.51",
)  # fmt: skip


def under_another_name(tmp_path: Path, syntax: str) -> Path:
    """Write a film that says that it is compressed."""
    file = write_dicom(tmp_path / "a")
    name = b"1.2.840.10008.1.2.1\0"
    padded = syntax.encode() + b"\0" * (len(syntax) % 2)
    content = file.read_bytes()
    at = content.index(name) - 2
    length = len(padded).to_bytes(2, "little")
    file.write_bytes(content[:at] + length + padded + content[at + 2 + len(name) :])
    return file


class Lacking:
    """A decoder without what it needs."""

    is_available = False
    missing_dependencies = ("gdcm - requires gdcm>=3.0.10", "pylibjpeg - requires pylibjpeg>=2.0")


def test_a_missing_codec_names_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = pytest.importorskip("pydicom.pixels", reason=INSTALLED)
    monkeypatch.setattr(pixels, "get_decoder", lambda _: Lacking)
    with pytest.raises(BadFilm, match=r"no installed codec reads JPEG Lossless.*\[dicom\]"):
        read_film(under_another_name(tmp_path, LOSSLESS))


@pytest.mark.parametrize("syntax", [HIGH_THROUGHPUT, EXTENDED])
def test_where_the_extra_would_not_help_it_is_not_named(tmp_path: Path, syntax: str) -> None:
    pytest.importorskip("gdcm", reason="python-gdcm, of the extra dicom, is not installed")
    with pytest.raises(BadFilm, match=r"no installed codec reads [^:]*: export the film"):
        read_film(under_another_name(tmp_path, syntax))


def test_a_form_that_nobody_knows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = pytest.importorskip("pydicom.pixels", reason=INSTALLED)
    monkeypatch.setattr(pixels, "get_decoder", _no_codec)
    with pytest.raises(BadFilm, match="no installed codec reads RLE Lossless: export the film"):
        read_film(under_another_name(tmp_path, RLE))


def _no_codec(syntax: str) -> Any:
    raise NotImplementedError(syntax)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    pytest.importorskip("pydicom", reason=INSTALLED)
    file = tmp_path_factory.mktemp("bytes") / "film"
    file.write_bytes(b"\0" * 128 + b"DICM" + tail)
    with pytest.raises(BadFilm) as raised:
        read_film(file)
    assert "\n" not in str(raised.value)
    assert all(isinstance(item, Film | Patient | Problem) for item in read(file))


def test_the_real_files_come_in_whole(shared_data: Path) -> None:
    pytest.importorskip("pydicom", reason=INSTALLED)
    items = read(shared_data / "dicom")
    films = {item.id: item for item in items if isinstance(item, Film)}
    assert len(films) == 4
    assert {film.view for film in films.values()} == {"PA", "AP"}
    assert all(film.findings is None for film in films.values())
    jpeg_2000 = films["RG1_J2KI.dcm"]
    assert (jpeg_2000.sex, jpeg_2000.taken_on) == ("F", date(2004, 8, 26))
    assert jpeg_2000.age == pytest.approx(64.5, abs=0.1)
    original = next(id_ for id_ in films if id_.startswith("1.2.276"))
    pixels = {id_: read_film(film.path).pixels for id_, film in films.items()}
    # made from the original by changing the photometric interpretation alone
    np.testing.assert_array_equal(pixels["Fake_MONOHR1.dcm"], 255 - pixels[original])
    # air beside the patient is darker than the mediastinum, whatever way it is stored
    seen = pixels["RG1_J2KI.dcm"]
    assert seen.shape == (1955, 1841)
    assert np.median(seen[900:1100, 400:600]) < np.median(seen[900:1100, 850:1000])
