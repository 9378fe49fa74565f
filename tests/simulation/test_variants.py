"""Checkers that bite: every variant that is broken on purpose is found, soon, and by a checker that should."""

import pytest
from tests.simulation.variants import VARIANTS, Variant, hunt

PROMISED = {
    "no on conflict",
    "acknowledge before commit",
    "blind retry",
    "no lease fencing",
    "no sweep",
    "no echo suppression",
    "counting",
    "absence in a partial scan",
    "same booking as its own rival",
    "believes one 404",
    "decides on stale reads",
    "green while blind",
    "retired venue forgotten",
    "drops a second event of one id",
    "frees untold",
    "wishes untold",
}


def test_the_variants_that_must_be_there_are() -> None:
    assert {variant.name for variant in VARIANTS} >= PROMISED


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_that_is_broken_on_purpose_is_caught(variant: Variant) -> None:
    catch = hunt(variant, variant.within)
    assert catch is not None, f"{variant.name} ({variant.how}) got away"
    caught = set(catch.checkers) & set(variant.caught_by)
    assert caught, f"{variant.name}: seed {catch.seed} was found by {catch.checkers} instead"
