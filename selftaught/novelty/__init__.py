"""Novelty: is a text new among others? Exact ROUGE-L filtering, duplicates, contamination, diversity."""

from selftaught.novelty.contamination import Overlap, contamination
from selftaught.novelty.diversity import Diversity, diversity
from selftaught.novelty.duplicates import alike_by_meaning, alike_by_minhash, same_text
from selftaught.novelty.groups import alike_groups
from selftaught.novelty.rouge import Neighbour, NoveltyFilter

__all__ = [
    "Diversity", "Neighbour", "NoveltyFilter", "Overlap", "alike_by_meaning", "alike_by_minhash", "alike_groups", "contamination", "diversity", "same_text",
]  # fmt: skip
