"""One thread, deterministic algorithms, and every random number from one tree of seeds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import torch


@dataclass(frozen=True, slots=True)
class Seeds:
    """The tree: `root` is what the user chose, the others follow from it."""

    root: int
    learner: int  # initial weights, exploration, minibatches
    episodes: int
    golden: int

    @classmethod
    def grow(cls, root: int) -> Seeds:
        learner, episodes, golden = (
            int(child.generate_state(1)[0]) for child in np.random.SeedSequence(root).spawn(3)
        )
        return cls(root, learner, episodes, golden)

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@contextmanager
def reproducible() -> Iterator[None]:
    """Inside, torch runs on one thread, deterministically; after it all is as before, random states too."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
