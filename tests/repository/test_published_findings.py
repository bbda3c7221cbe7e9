"""What the rules find in labels that others published, rule by rule, so that a change of a rule is noticed."""

from __future__ import annotations

import gzip
import shutil
from collections import Counter
from pathlib import Path

import pytest

from datalabel.repository.check.checking import CheckOptions, check_files, check_view
from datalabel.repository.check.label_files import AskedFiles
from datalabel.repository.repository import Repository
from datalabel.spec.model import Spec


def taco(shared_data: Path, folder: Path, revision: int) -> Path:
    (packed,) = (shared_data / "taco").glob(f"{revision:03}_*.json.gz")
    path = folder / "taco.json"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


TACO = {
    1: {"G107": 58, "G108": 11, "G113": 1823, "B104": 1},
    4: {"G107": 58, "G108": 12, "G113": 2147, "B104": 1},
    5: {
        "G104": 6, "G107": 58, "G108": 12, "D102": 1, "D103": 1, "D104": 2, "B104": 1, "B105": 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("revision", TACO)
def test_taco(shared_data: Path, tmp_path: Path, revision: int) -> None:
    path = taco(shared_data, tmp_path, revision)
    found = check_files(AskedFiles([path], path.parent), Spec(), CheckOptions()).findings
    assert Counter(one.code for one in found) == TACO[revision]


def test_taco_5_has_two_numbers_twice(shared_data: Path, tmp_path: Path) -> None:
    path = taco(shared_data, tmp_path, 5)
    found = check_files(AskedFiles([path], path.parent), Spec(), CheckOptions(select=["D104"])).findings
    assert [one.item for one in found] == ["batch_10/000000.jpg", "batch_8/000000.jpg"]


def test_bccd(shared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_data / "bccd" / "BCCD", tmp_path / "BCCD")
    with Repository.init(tmp_path) as repo:
        repo.add("BCCD")
        found = check_view(repo.view(), CheckOptions(images=True)).findings
    assert Counter(one.code for one in found) == {"G101": 2, "D101": 7, "D103": 1, "B105": 3, "I110": 1}
    alike = next(one for one in found if one.code == "I110")
    assert (alike.item, "BloodImage_00037" in alike.message) == ("BCCD/JPEGImages/BloodImage_00038.jpg", True)
    wrong_class = [one.message.split(" covers")[0] for one in found if one.code == "B105"]
    assert wrong_class == ['box of class "WBC"', *['box of class "Platelets"'] * 2]
