"""The model of many venues: what grows with them, what every process must have, and which wall is near."""

from dataclasses import replace

from holdfast.bench.needs import (
    FOLLOW,
    LEAST,
    POOL,
    Costs,
    Habits,
    most_bookings,
    most_listings,
    needs,
    walls,
)

COSTS = Costs(
    webhook=0.0005,
    booking=0.01,
    statements=0.005,
    read_row=0.0002,
    stored=8_000.0,
    logged=20_000.0,
    process=90.0,
    known=0.02,
    followed=0.0001,
)
HABITS = Habits()


def test_few_venues_need_two_of_each_process_and_no_more() -> None:
    few = needs(10, COSTS, HABITS)
    assert (few.webs, few.workers) == (LEAST, LEAST)
    assert few.connections == 2 * LEAST * POOL


def test_what_a_year_leaves_behind_is_bookings_times_bytes() -> None:
    assert needs(100, COSTS, HABITS).stored == 100 * HABITS.bookings * 365 * COSTS.stored


def test_ten_times_the_venues_ask_and_write_ten_times_as_much() -> None:
    some, more = needs(1_000, COSTS, HABITS), needs(10_000, COSTS, HABITS)
    for name in ("webhooks", "bookings", "rows", "postgres", "written", "stored", "redis"):
        assert round(getattr(more, name) / getattr(some, name), 6) == 10
    assert more.workers > some.workers


def test_venues_are_parted_before_processes_do_nothing_but_follow_them() -> None:
    many = needs(1_000_000, COSTS, HABITS)
    assert many.parts > 1
    assert many.follow <= FOLLOW
    assert many.memory < needs(5_000, COSTS, HABITS).memory + 1


def test_readings_that_wait_for_providers_need_workers_even_if_they_cost_nothing() -> None:
    slow = replace(HABITS, latency=1.0)
    assert needs(10_000, COSTS, slow).workers > needs(10_000, COSTS, HABITS).workers


def test_the_nearest_wall_comes_first_and_moves_with_its_cost() -> None:
    found = walls(COSTS, HABITS, cores=2)
    assert [wall.venues for wall in found] == sorted(wall.venues for wall in found)
    dear = walls(replace(COSTS, followed=1.0), HABITS, cores=2)
    assert dear[0].what == "every process follows the whole configuration"
    assert dear[0].moved_by.startswith("partitioning")


def test_an_accounts_budgets_bound_its_listings_and_its_bookings() -> None:
    assert most_listings(HABITS) == 50
    assert most_bookings(HABITS) == 500
