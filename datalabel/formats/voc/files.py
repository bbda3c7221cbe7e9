"""The files of a source: read, taken for XML, and told where they are not what they should be."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from datalabel.errors import Faults
from datalabel.formats.base import SourceFiles
from datalabel.formats.voc.xml import MAX_BYTES, XmlError, parse

Parsed = tuple[bytes, ET.Element, dict[str, list[str]]]
"""The bytes of a file, its root and what stands around that."""


class Files:
    """Reads the members of a source (None: the source itself); what is wrong with one goes to `faults`.

    `saved_meanwhile` are those that were saved again after the source was looked at.
    """

    def __init__(self, source: SourceFiles, faults: Faults) -> None:
        self._source = source
        self._faults = faults
        self.saved_meanwhile: set[str] = set()

    def place(self, member: str | None) -> str:
        """What a member is called in messages."""
        return self._source.name if member is None else f"{self._source.name}/{member}"

    def parsed(self, member: str | None) -> Parsed | None:
        """A member as XML; None after noting a fault."""
        where = self.place(member)
        try:
            with self._source.path(member).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            document = parse(data)
            if member is not None and not self._source.is_as_named(member, data):
                self.saved_meanwhile.add(member)
        except OSError as error:
            self._faults.add(f"cannot read the file: {error.strerror}", where)
            return None
        except XmlError as fault:
            self._faults.add(fault.what, where if fault.line is None else f"{where}:{fault.line}")
            return None
        root = document.root
        if root.tag != "annotation":
            what = f"is not Pascal VOC: the root element is <{root.tag[:80]}>, not <annotation>"
            self._faults.add(what, where)
            return None
        around = {"$before": list(document.before), "$after": list(document.after)}
        return data, root, {key: texts for key, texts in around.items() if texts}
