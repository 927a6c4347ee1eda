"""The bench of planted breaks, on one session of each corpus: it must see, and it must not see ghosts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.planted import Plant, plants
from bench.real_talks import Talk, talks
from bench.seeded_breaks import Score, trial


@pytest.fixture(scope="module")
def real(recorded: Callable[[str], Path]) -> list[Talk]:
    return talks(recorded("tau2-bench").parent, each=1)


@pytest.mark.parametrize("plant", plants(), ids=lambda plant: plant.name)
def test_a_planted_break_is_found_and_named(real: list[Talk], plant: Plant) -> None:
    trials = [
        trial(plant, talk, provider, number)
        for number, talk in enumerate(real)
        for provider in sorted(plant.providers)
    ]
    score = Score(trials)
    assert score.invented == 0
    assert score.named == score.found
    assert score.real == 0 or score.recall >= 0.75
    assert bool(plant.causes) == bool(score.real)


def test_a_break_that_nobody_planted_is_invented(real: list[Talk]) -> None:
    plant = next(plant for plant in plants() if plant.name == "idle gap")
    honest = trial(plant, real[1], "anthropic", 0)
    score = Score([replace(honest, due=frozenset(), broken=frozenset())])
    assert (score.real, score.found, score.invented) == (0, 0, 1)
    assert not score.is_met
