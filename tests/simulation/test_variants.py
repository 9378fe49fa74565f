"""Checkers that bite: every variant that is broken on purpose is found, soon, and by a checker that should."""

import pytest
from tests.simulation.variants import VARIANTS, Variant, hunt


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_that_is_broken_on_purpose_is_caught(variant: Variant) -> None:
    catch = hunt(variant, variant.within)
    assert catch is not None, f"{variant.name} ({variant.how}) got away"
    assert set(catch.checkers) & set(variant.caught_by), f"{variant.name}: seed {catch.seed}"
