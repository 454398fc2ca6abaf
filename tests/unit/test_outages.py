"""How long work stands still while regions are down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.outages import NONE, Outage, Outages, read

REGIONS = ("westeurope", "northeurope")
instants = st.integers(0, 300)


@st.composite
def histories(draw: st.DrawFn) -> Outages:
    """Draw outages of three regions: of one and the same they do not overlap."""
    known = []
    for region in (*REGIONS, "eastus"):
        ends = sorted(draw(st.sets(instants, max_size=6)))
        pairs = zip(ends[::2], [*ends[1::2], None], strict=False)
        known += [Outage(region, since, until) for since, until in pairs]
    return Outages(tuple(sorted(known, key=lambda each: each.since)))


def works(outages: Outages, moment: int) -> bool:
    """Whether both regions work from a moment to the next."""
    return not any(
        each.region in REGIONS
        and each.since <= moment
        and (each.until is None or moment < each.until)
        for each in outages.known
    )


@given(histories(), st.integers(0, 60), st.integers(300, 320))
def test_work_begun_then_is_over_now_if_only_the_time_counts_in_which_both_regions_work(
    outages: Outages, span: int, now: int
) -> None:
    began = outages.begins_of(span, REGIONS, now)
    assert sum(works(outages, moment) for moment in range(began, now)) == span
    # And nothing that begins later is: the next moment after it is one of work.
    assert span == 0 or works(outages, began)


@given(histories())
def test_outages_are_read_as_they_were_written(outages: Outages) -> None:
    assert read(outages.text()) == outages


def test_a_region_is_down_from_its_outage_to_its_return() -> None:
    down = read(NONE).begun("westeurope", 5)
    assert down.down == {"westeurope"}
    assert down.of("westeurope") == Outage("westeurope", 5)
    back = down.ended("westeurope", 9)
    assert back.known == (Outage("westeurope", 5, 9),)
    assert not back.down
    assert back.of("westeurope") is None
