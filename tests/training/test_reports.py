from __future__ import annotations

import io
import tarfile
from pathlib import Path

from training.reports import OTHER, Stated, read_sentences

REPORT = """<eCitation><MedlineCitation><Article><Abstract>
<AbstractText Label="INDICATION">Pleural effusion?</AbstractText>
<AbstractText Label="FINDINGS">{findings}</AbstractText>
</Abstract></Article></MedlineCitation><MeSH>{tags}</MeSH></eCitation>"""


def archive(folder: Path, *reports: tuple[str, str]) -> Path:
    file = folder / "reports.tgz"
    with tarfile.open(file, "w:gz") as tar:
        for number, (findings, tags) in enumerate(reports):
            majors = "".join(f"<major>{tag}</major>" for tag in tags.split(";"))
            content = REPORT.format(findings=findings, tags=majors).encode()
            member = tarfile.TarInfo(f"ecgen-radiology/{number}.xml")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def test_a_sentence_states_what_it_names_and_the_report_is_tagged_with(tmp_path: Path) -> None:
    report = "Small left pleural effusion. The heart is enlarged. No pneumothorax."
    file = archive(tmp_path, (report, "Pleural Effusion/left/small"))
    assert read_sentences(file) == [Stated("Small left pleural effusion.", "Effusion")]


def test_a_sentence_about_something_else_states_none(tmp_path: Path) -> None:
    file = archive(tmp_path, ("A pacemaker projects over the left chest.", "normal"))
    assert [stated.finding for stated in read_sentences(file)] == [OTHER]


def test_beside_a_tagged_finding_an_open_sentence_says_nothing(tmp_path: Path) -> None:
    file = archive(tmp_path, ("Streaks project over the left base.", "Pulmonary Atelectasis/base"))
    assert read_sentences(file) == []


def test_a_tag_of_two_words_is_read_by_both(tmp_path: Path) -> None:
    report = "Apical pleural thickening on the right side."
    file = archive(tmp_path, (report, "Thickening/pleura/apex"))
    assert read_sentences(file) == [Stated(report, "Pleural_Thickening")]


def test_the_real_reports_state_every_finding(shared_data: Path) -> None:
    stated = read_sentences(shared_data / "openi" / "NLMCXR_reports.tgz")
    counts = {name: sum(s.finding == name for s in stated) for name in {s.finding for s in stated}}
    assert len(counts) == 15
    assert counts["Cardiomegaly"] > 300
    assert all("XXXX" not in each.text for each in stated)
