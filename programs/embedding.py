"""Moved: see `selftaught.embedding`."""

from selftaught.embedding import *  # noqa: F403
from selftaught.embedding import FEATURES, Encoder, embed, rarity, similarities, text_of, weighted  # noqa: F401
