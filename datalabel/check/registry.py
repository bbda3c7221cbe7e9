"""Every rule that there is, and choosing among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from datalabel.check import (
    agreement_rules,
    balance_rules,
    duplicate_rules,
    geometry_rules,
    image_rules,
    item_rules,
    outline_rules,
    record_rules,
    spec_conditions,
    spec_counts,
    spec_items,
    spec_rules,
    split_rules,
)
from datalabel.check.finding import Registry, Rule
from datalabel.errors import InputError, UsageError, nearest
from datalabel.spec.model import CheckSettings

_MODULES = (
    spec_rules,
    spec_conditions,
    spec_counts,
    spec_items,
    geometry_rules,
    outline_rules,
    record_rules,
    image_rules,
    item_rules,
    duplicate_rules,
    agreement_rules,
    balance_rules,
    split_rules,
)

RULES: Registry = MappingProxyType(
    {
        found.code: found
        for found in sorted(
            (found for module in _MODULES for found in vars(module).values() if isinstance(found, Rule)),
            key=lambda found: found.code,
        )
    }
)
"""All rules by code, in the order of their codes."""


def select(wanted: Sequence[str] = (), ignored: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules that the codes or their beginnings (`G`, `S1`, `G104`) choose, without the ignored ones.

    Nothing wanted means all. Upper and lower case are the same.

    Raises:
        UsageError: a code that no rule's begins with; the nearest is named.
    """
    chosen = _matching(wanted) if wanted else set(RULES)
    chosen -= _matching(ignored)
    return tuple(RULES[code] for code in RULES if code in chosen)


def refuse_unknown(settings: CheckSettings, where: str) -> None:
    """A rule that is ignored, or worse, by a name that no rule has, would silently be neither.

    Raises:
        InputError: the settings, of the spec called `where`, name no rule.
    """
    for name, codes in (("ignore", settings.ignore), ("severity", tuple(settings.severity))):
        try:
            select(codes)
        except UsageError as error:
            place = f"{where}: check.{name}"
            raise InputError(error.faults[0].what, where=place, hint=error.hint) from None


def matches(code: str, prefixes: Iterable[str]) -> bool:
    """Whether a code begins with any of these."""
    return any(prefix and code.startswith(prefix.upper()) for prefix in prefixes)


def _matching(prefixes: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for prefix in prefixes:
        codes = {code for code in RULES if matches(code, [prefix])}
        if not codes:
            close = nearest(prefix, [*RULES, *(found.name for found in RULES.values())])
            known = next((rule.code for rule in RULES.values() if rule.name == close), close)
            hint = f"did you mean {known}?" if known else f"the rules are {', '.join(RULES)}"
            raise UsageError(f"no rule has the code {prefix!r}", hint=hint)
        found |= codes
    return found
