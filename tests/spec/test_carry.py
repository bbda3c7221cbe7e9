"""An inferred spec in place of another: what labels do not tell stays as it is written."""

from __future__ import annotations

import pytest

from datalabel.errors import InputError, RefusedError
from datalabel.spec.carry import carried_over
from datalabel.spec.load import load_spec

INFERRED = "# Inferred from 1 label on 1 item.\nproject_name: p\ndata_spec:\n  cat:\n    box: {}\n"

OLD = """\
# yaml-language-server: $schema=.dlabel/spec.schema.json
project_name: old
extends: detection/box

# What we agreed on in spring.
quality:  # per release
  labels_per_class: 200

# Classes.
data_spec:
  dog: {box: {}}
check:
  ignore: [B201]  # few nights
  # the size of our cameras
  severity:
    G104: error

# the end
"""


def test_sections_about_other_things_stay_as_they_are_written() -> None:
    text = carried_over(INFERRED, OLD, "dlabel.yaml")
    assert text == (
        "# yaml-language-server: $schema=.dlabel/spec.schema.json\n"
        f"{INFERRED}"
        "check:\n  ignore: [B201]  # few nights\n  # the size of our cameras\n  severity:\n    G104: error\n"
        "# What we agreed on in spring.\nquality:  # per release\n  labels_per_class: 200\n"
    )
    spec = load_spec(text, name="dlabel.yaml").spec
    assert list(spec.classes) == ["cat"]
    assert spec.check.ignore == ("B201",)
    assert spec.quality.labels_per_class == 200


@pytest.mark.parametrize("old", ["", "project_name: p\n", "# only a comment\n", "{}\n", "[]\n"])
def test_without_such_sections_it_is_what_was_inferred(old: str) -> None:
    assert carried_over(INFERRED, old, "dlabel.yaml") == INFERRED


def test_carrying_over_twice_changes_nothing() -> None:
    once = carried_over(INFERRED, OLD, "dlabel.yaml")
    assert carried_over(INFERRED, once, "dlabel.yaml") == once


def test_braces_are_not_taken_apart() -> None:
    with pytest.raises(RefusedError, match="'check' in braces"):
        carried_over(INFERRED, '{"project_name": "p", "check": {"ignore": []}}', "dlabel.yaml")
    with pytest.raises(InputError):
        carried_over(INFERRED, "a: [", "dlabel.yaml")
