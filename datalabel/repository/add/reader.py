"""A process that reads images for another one: the other end of `reader_processes`."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from datalabel.repository.add.read_image import read_block
from datalabel.repository.add.reader_processes import Answer, ourselves, received, send
from datalabel.store.objects import LocalObjects


def serve(arguments: Sequence[str], questions: IO[bytes]) -> None:
    """Read files into the store of a folder until nobody asks for more; answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asks is interrupted
    folder, *keep = arguments
    objects = LocalObjects(Path(folder))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what others print is no answer
    with contextlib.suppress(EOFError, BrokenPipeError):
        answers.write(ourselves())
        answers.flush()
        while True:
            asked = msgspec.msgpack.decode(received(questions), type=list[tuple[str, bytes]])
            images = read_block(objects, [(key, os.fsdecode(path)) for key, path in asked], keep=bool(keep))
            send(answers, msgspec.msgpack.encode(Answer(images, objects.hand_over())))
