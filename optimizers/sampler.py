"""Optuna's seeded samplers behind a small face: choices of named options, asked and told."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any


class TreeParzen:
    """A tree-structured Parzen estimator over named choices, multivariate and seeded (Bergstra et al., 2011; Optuna's).

    Args:
        sizes: name -> number of options.
        seed: of the sampler.
        startup: random points before the estimator is used.
    """

    def __init__(self, sizes: Mapping[str, int], seed: int, *, startup: int = 5) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # multivariate sampling is called experimental
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=startup)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._choices: dict[str, Any] = {
            name: optuna.distributions.CategoricalDistribution(tuple(range(size))) for name, size in sizes.items()
        }
        self._open: dict[tuple[int, ...], Any] = {}

    def ask(self) -> dict[str, int]:
        """Return the next point: name -> number of the option."""
        trial = self._study.ask(self._choices)
        point = {name: int(trial.params[name]) for name in self._choices}
        self._open[self._key(point)] = trial
        return point

    def tell(self, point: Mapping[str, int], value: float | None) -> None:
        """Tell the score of a point, asked for or not; None for one that failed."""
        trial = self._open.pop(self._key(point), None)
        if trial is None:
            state = self._optuna.trial.TrialState.COMPLETE if value is not None else self._optuna.trial.TrialState.FAIL
            made = self._optuna.trial.create_trial(params=dict(point), distributions=self._choices, value=value, state=state)
            self._study.add_trial(made)
        elif value is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, value)

    def _key(self, point: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(point[name] for name in self._choices)
