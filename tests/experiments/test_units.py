"""What belongs together is never parted, and the name of a unit stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datalabel.experiments.units import units_of

ITEMS = st.dictionaries(
    st.sampled_from("abcdefghij"),
    st.tuples(st.sampled_from("123456"), st.lists(st.sampled_from(["p", "q", "r", "s"]), max_size=2)),
)


@given(ITEMS)
def test_items_belong_together_if_and_only_if_a_chain_links_them(
    world: dict[str, tuple[str, list[str]]],
) -> None:
    units = units_of(
        {item: content for item, (content, _) in world.items()},
        {item: groups for item, (_, groups) in world.items() if groups},
    )
    links = {item: {content, *groups} for item, (content, groups) in world.items()}
    for start in world:
        reached, before = {start}, set[str]()
        while reached != before:
            before = reached
            reached = {one for one in world if any(links[one] & links[other] for other in before)}
        assert {item for item, unit in units.items() if unit == units[start]} == reached
    lone = [item for item, (_, groups) in world.items() if not groups]
    shared = {content for content, groups in world.values() if groups}
    assert all(units[item] == world[item][0] for item in lone if world[item][0] not in shared)


@given(ITEMS, st.sampled_from("123456"), st.sampled_from(["p", "q", "r", "s"]))
def test_an_item_more_that_links_nothing_changes_no_name(
    world: dict[str, tuple[str, list[str]]], content: str, group: str
) -> None:
    def named(more: dict[str, tuple[str, list[str]]]) -> dict[str, str]:
        whole = world | more
        contents = {item: content for item, (content, _) in whole.items()}
        return units_of(contents, {item: groups for item, (_, groups) in whole.items()})

    before = named({})
    assert {item: unit for item, unit in named({"z": ("7", [])}).items() if item != "z"} == before
    if group in {one for _, groups in world.values() for one in groups}:
        assert {item: unit for item, unit in named({"z": ("8", [group])}).items() if item != "z"} == before
    if content in {one for one, _ in world.values()}:
        assert {item: unit for item, unit in named({"z": (content, [])}).items() if item != "z"} == before
