"""Bayesian optimization over a finite set: a Gaussian process with the instruction-coupled kernel, and expected improvement (032).

Two texts are alike where they are worded alike (a latent Matérn kernel on their embeddings); of the texts that were tried, how
alike they behave is known besides (a Matérn kernel on their scores, row by row), and counts more. With Z the tried points, l the
latent kernel, L = l(Z, Z) + jitter and S the likeness of behaviours:

    k(a, b) = l(a, b) - l(a, Z) L⁻¹ l(Z, b) + l(a, Z) L⁻¹ S L⁻¹ l(Z, b)

The last term is the paper's kernel: S at the tried points, carried over to the others. The first two are what the tried points
leave open. Without them the process would be certain wherever a new text is unlike all others; with them it never is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

JITTER = 1e-4
SCALES = (0.5, 1.0, 2.0)
"""Length scales that are tried, in units of the median distance; the likeliest is taken."""
LEAST_NOISE = 0.01
"""Variance of one row's score where all rows had the same: few rows are no certainty."""


def matern(distances: np.ndarray, length: float) -> np.ndarray:
    """Return the Matérn 5/2 kernel of distances: 1 at 0, falling to 0."""
    scaled = math.sqrt(5.0) * distances / max(length, 1e-12)
    return (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of each row of `a` from each of `b`."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))


def likeness(scores: Sequence[Mapping[int, float | None]]) -> np.ndarray:
    """Return how alike candidates behave, from their scores by row: 1 for the same on all shared rows, near 0 for the opposite.

    Rows that one of two candidates did not meet, or failed on, do not count; without shared rows nothing is known, which is 0.
    """
    found = np.eye(len(scores))
    for i, one in enumerate(scores):
        for j, other in enumerate(scores[:i]):
            both = [(a, b) for row, a in one.items() if a is not None and (b := other.get(row)) is not None]
            if both:
                apart = math.sqrt(sum((a - b) ** 2 for a, b in both) / len(both))
                found[i, j] = found[j, i] = float(matern(np.array(apart), 0.5))
    return nearest_psd(found)


def nearest_psd(matrix: np.ndarray, jitter: float = JITTER) -> np.ndarray:
    """Return a symmetric matrix without negative eigenvalues, with a little added to its diagonal."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    repaired = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return (repaired + repaired.T) / 2.0 + jitter * np.eye(len(matrix))


def coupled_kernel(points: np.ndarray, tried: Sequence[int], behaviour: np.ndarray, length: float) -> np.ndarray:
    """Return the kernel of all points, some of which were tried.

    Args:
        points: embeddings, one row each.
        tried: indices of the points that were tried.
        behaviour: how alike they behave, in the order of `tried`; see `likeness`.
        length: of the latent kernel, in the unit of the embeddings.
    """
    latent = matern(distances(points, points), length)
    at = list(tried)
    weights = np.linalg.solve(latent[np.ix_(at, at)] + JITTER * np.eye(len(at)), latent[at])
    return nearest_psd(latent - latent[:, at] @ weights + weights.T @ behaviour @ weights)


def posterior(kernel: np.ndarray, tried: Sequence[int], values: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of every point, given noisy values of those that were tried."""
    at = list(tried)
    covariance = kernel[np.ix_(at, at)] + np.diag(np.maximum(noise, JITTER))
    weights = np.linalg.solve(covariance, kernel[at])
    variance = np.diag(kernel) - np.einsum("ij,ij->j", kernel[at], weights)
    return weights.T @ values, np.sqrt(np.maximum(variance, 0.0))


def log_likelihood(kernel: np.ndarray, tried: Sequence[int], values: np.ndarray, noise: np.ndarray) -> float:
    """Return how likely the values are under a kernel, up to a constant."""
    at = list(tried)
    covariance = kernel[np.ix_(at, at)] + np.diag(np.maximum(noise, JITTER))
    return -0.5 * float(values @ np.linalg.solve(covariance, values) + np.linalg.slogdet(covariance)[1])


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """Return by how much each point is expected to exceed `best`: 0 where it is certain not to."""
    gap = mean - best
    z = np.divide(gap, deviation, out=np.zeros_like(gap), where=deviation > 1e-12)
    below = 0.5 * (1.0 + np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2.0)))
    found = gap * below + deviation * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return np.maximum(np.where(deviation > 1e-12, found, gap), 0.0)


def promising(
    points: np.ndarray,
    tried: Sequence[int],
    means: Sequence[float],
    scores: Sequence[Mapping[int, float | None]],
    untried: Sequence[int],
    batch: int,
) -> list[int]:
    """Return up to `batch` of the untried points, the highest expected improvement first.

    Args:
        points: embeddings of all candidates.
        tried: indices of those with a score.
        means: their scores in [0, 1].
        scores: their scores by row.
        untried: indices to choose from.
        batch: points wanted.
    """
    values = np.asarray(means, dtype=float)
    spread = float(values.std()) or 1.0
    standard = (values - values.mean()) / spread
    rows = np.array([max(1, sum(score is not None for score in one.values())) for one in scores])
    noise = np.maximum(values * (1.0 - values), LEAST_NOISE) / rows / spread**2
    behaviour, typical = likeness(scores), _typical_distance(points)
    kernels = [coupled_kernel(points, tried, behaviour, scale * typical) for scale in SCALES]
    kernel = max(kernels, key=lambda one: log_likelihood(one, tried, standard, noise))
    gain = expected_improvement(*posterior(kernel, tried, standard, noise), float(standard.max()))
    return sorted(untried, key=lambda index: (-round(float(gain[index]), 9), index))[:batch]


def _typical_distance(points: np.ndarray) -> float:
    apart = distances(points, points)[np.triu_indices(len(points), 1)]
    known = apart[apart > 1e-9]
    return float(np.median(known)) if len(known) else 1.0
