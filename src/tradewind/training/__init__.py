"""Environments for learners, and the learning itself. Needs the `train` extra."""

from tradewind.training.actions import ActionMap
from tradewind.training.batch import EpisodeChoices
from tradewind.training.environment import TradingEnv
from tradewind.training.episodes import Episode, EpisodeSampler, inner_split
from tradewind.training.evaluate import Evaluation, Evaluator
from tradewind.training.export import make_bundle, network_of, tape_hash
from tradewind.training.learn import TrainingResult, train, train_seeds
from tradewind.training.progress import TrainingProgress, progress_bar
from tradewind.training.settings import ALGORITHMS, OffPolicy, OnPolicy, TrainingSettings
from tradewind.training.vector import TradingVecEnv, TradingVectorEnv

__all__ = [
    "ALGORITHMS",
    "ActionMap",
    "Episode",
    "EpisodeChoices",
    "EpisodeSampler",
    "Evaluation",
    "Evaluator",
    "OffPolicy",
    "OnPolicy",
    "TradingEnv",
    "TradingVecEnv",
    "TradingVectorEnv",
    "TrainingProgress",
    "TrainingResult",
    "TrainingSettings",
    "inner_split",
    "make_bundle",
    "network_of",
    "progress_bar",
    "tape_hash",
    "train",
    "train_seeds",
]
