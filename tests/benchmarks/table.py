"""The results: judged against the limits, and laid out for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .measuring import Measurement, Outcome
from .work import Limit, Quantity, Work


@dataclass(frozen=True, slots=True)
class Verdict:
    """A limit beside what was measured. `met` is None where it cannot be said, and `why` says why."""

    text: str
    value: float | None
    allowed: float | None
    met: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A work that was run."""

    name: str
    work: Work
    outcomes: list[Outcome]
    verdicts: list[Verdict]

    def measured(self) -> dict[str, Measurement]:
        """Those that did it."""
        return {one.name: one.measured for one in self.outcomes if one.measured}


def judged(name: str, work: Work, outcomes: list[Outcome], *, full: bool) -> Result:
    """Hold the limits of a work against what was measured."""
    measured = {one.name: one.measured for one in outcomes if one.measured}
    return Result(name, work, outcomes, [_verdict(limit, measured, full=full) for limit in work.limits])


def _verdict(limit: Limit, measured: Mapping[str, Measurement], *, full: bool) -> Verdict:
    text = _limit_text(limit)
    value = _difference(measured, limit.of, limit.aside, limit.quantity)
    others = [_difference(measured, one, limit.than_aside, limit.quantity) for one in limit.than]
    known = [one for one in others if one is not None]
    if value is None or (limit.than and not known):
        return Verdict(text, value, None, None, "not measured")
    allowed = limit.ratio * min(known, default=0.0) + limit.plus
    if not (full or limit.any_size):
        return Verdict(text, value, allowed, None, "a limit of the full size")
    return Verdict(text, value, allowed, value <= allowed)


def _difference(
    measured: Mapping[str, Measurement], name: str, aside: str, quantity: Quantity
) -> float | None:
    """A contender's number, less that of another; never below zero."""
    numbers = [measured[one].value(quantity) if one in measured else None for one in (name, aside) if one]
    known = [one for one in numbers if one is not None]
    if len(known) < len(numbers):
        return None
    return max(known[0] - sum(known[1:]), 0.0)


def _limit_text(limit: Limit) -> str:
    parts = [f"{limit.ratio:.3g} × {' or '.join(limit.than)}"] if limit.than else []
    parts += [_amount(limit.plus, limit.quantity)] if limit.plus else []
    of = "" if limit.of == "dlabel" else f"{limit.of}: "
    return f"{of}{limit.quantity} at most {' + '.join(parts)}"


def lines(result: Result) -> list[str]:
    """A work's block of the table."""
    ours = result.measured().get("dlabel")
    rows = [f"{result.name}: {result.work.title}"]
    rows.append(f"  {'':28}{'time':>10}{'processor':>11}{'memory':>10}{'bytes':>10}  dlabel takes")
    rows.extend(_row(outcome, ours) for outcome in result.outcomes)
    for verdict in result.verdicts:
        word = {True: "met", False: "MISSED", None: verdict.why}[verdict.met]
        numbers = (
            ""
            if not verdict.allowed or verdict.value is None
            else f" ({verdict.value / verdict.allowed:.2f} of it)"
        )
        rows.append(f"  limit: {verdict.text}: {word}{numbers}")
    return rows


def _row(outcome: Outcome, ours: Measurement | None) -> str:
    start = f"  {outcome.name:28}"
    measured = outcome.measured
    if measured is None:
        return f"{start}{outcome.trouble}"
    shown = [
        f"{measured.seconds:8.3f} s" if measured.seconds else f"{'–':>10}",
        f"{measured.processor:9.3f} s" if measured.seconds else f"{'–':>11}",
        f"{measured.memory / 1e6:7.0f} MB" if measured.memory else f"{'–':>10}",
        f"{_amount(measured.bytes, Quantity.BYTES):>10}" if measured.bytes is not None else f"{'':10}",
    ]
    share = (
        f"  {ours.seconds / measured.seconds:.2f} ×"
        if ours and measured.seconds and ours is not measured
        else ""
    )
    return (start + "".join(shown) + share).rstrip()


def summary(results: Sequence[Result]) -> list[str]:
    """Where limits are missed, and where somebody is faster than dlabel."""
    missed = [
        f"  {one.name}: {verdict.text}: {verdict.value / verdict.allowed:.2f} of it"
        for one in results
        for verdict in one.verdicts
        if verdict.met is False and verdict.value is not None and verdict.allowed
    ]
    faster = [line for one in results if (line := _faster(one))]
    judged_limits = [verdict for one in results for verdict in one.verdicts if verdict.met is not None]
    met = sum(verdict.met is True for verdict in judged_limits)
    return [
        f"{met} of {len(judged_limits)} limits that could be judged are met.",
        *(["Missed:", *missed] if missed else []),
        *(["Faster than dlabel:", *faster] if faster else []),
    ]


def _faster(result: Result) -> str:
    measured = result.measured()
    ours = measured.get("dlabel")
    if ours is None:
        return ""
    rivals = {
        one.name for one in result.work.contenders if not one.machine and not one.name.startswith("dlabel")
    }
    ahead = [
        f"dlabel takes {ours.seconds / one.seconds:.2f} × {name}"
        for name, one in measured.items()
        if name in rivals and 0 < one.seconds < ours.seconds
    ]
    return f"  {result.name}: {', '.join(ahead)}" if ahead else ""


def document(results: Sequence[Result], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as one JSON document."""
    return {
        **facts,
        "works": [
            {
                "name": one.name,
                "title": one.work.title,
                "contenders": [asdict(outcome) for outcome in one.outcomes],
                "limits": [asdict(verdict) for verdict in one.verdicts],
            }
            for one in results
        ],
    }


def _amount(number: float, quantity: Quantity) -> str:
    if quantity is Quantity.SECONDS:
        return f"{number:g} s"
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(number) >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.0f} B"
