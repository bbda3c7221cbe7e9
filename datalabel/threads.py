"""Two cores for work that comes in pieces: Arrow, NumPy, Pillow and the disk work without Python's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Input = TypeVar("Input")
Output = TypeVar("Output")

WORKERS = 2


def in_order(
    function: Callable[[Input], Output],
    inputs: Iterable[Input],
    *,
    workers: int = WORKERS,
    waiting: int = WORKERS,
    stop: Callable[[], object] = lambda: None,
) -> Generator[Output]:
    """`function` of each input, in order, computed by so many `workers`: two threads, where nobody says otherwise.

    No more than `waiting` results are ahead of the one that is handed out, so memory is bounded by so many pieces.
    Inputs are drawn by the caller's thread. What a call raises is raised here, in its turn. Where it does not come to
    the end, `stop` is called before it waits for calls that are under way.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=workers) as pool:
        ahead: deque[Future[Output]] = deque()
        try:
            for one in inputs:
                ahead.append(pool.submit(function, one))
                if len(ahead) > waiting:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        except BaseException:
            stop()
            raise
        finally:
            for future in ahead:
                future.cancel()
