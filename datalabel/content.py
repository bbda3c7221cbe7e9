"""What content is called: object ids, canonical JSON and fingerprints.

Ids name objects and cannot be forged (BLAKE3). Fingerprints only say "probably the same" (XXH3): they
serve caches, splits and comparisons, never names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    from blake3 import blake3

ObjectId = NewType("ObjectId", str)
"""64 lower-case hexadecimal digits."""

_OBJECT_ID = re.compile("[0-9a-f]{64}")

BLOB = "blob"


def hasher(kind: str) -> blake3:
    """A running hash for an object of this kind.

    A blob's id is plain BLAKE3, so that `b3sum` agrees. Every other kind derives its key from
    `dlabel v1 <kind>`, so that no object passes for one of another kind.
    """
    from blake3 import blake3

    return blake3() if kind == BLOB else blake3(derive_key_context=f"dlabel v1 {kind}")


def object_id(kind: str, data: bytes | memoryview) -> ObjectId:
    """The id of an object of this kind with these bytes."""
    running = hasher(kind)
    running.update(data)
    return ObjectId(running.hexdigest())


def is_object_id(text: object) -> bool:
    """Whether this is a well-formed object id."""
    return isinstance(text, str) and _OBJECT_ID.fullmatch(text) is not None


def canonical_json(value: Any) -> bytes:
    """The one spelling of a JSON value: keys sorted by code point, no white space, UTF-8, shortest floats.

    Raises:
        ValueError: the value holds NaN or an infinity.
        TypeError: the value holds something that JSON does not know.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def fingerprint(data: bytes | str) -> int:
    """A 64-bit fingerprint (XXH3); text counts as its UTF-8."""
    return next(fingerprints([data.encode() if isinstance(data, str) else data]))


def fingerprints(data: Iterable[bytes]) -> Iterator[int]:
    """The fingerprint of each of many, without a call of our own for every one."""
    from xxhash import xxh3_64_intdigest

    return map(xxh3_64_intdigest, data)
