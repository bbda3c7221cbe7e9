"""Specs as a test writes them: what they load as, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalabel.errors import InputError
from datalabel.spec.load import LoadedSpec, load_spec


def load(text: str, folder: Path | None = None) -> LoadedSpec:
    return load_spec(text, name="dlabel.yaml", folder=folder)


def faults_of(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(InputError) as error:
        load(text, folder)
    return [str(fault) for fault in error.value.faults]
