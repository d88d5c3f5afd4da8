"""Why a model was refused."""

from __future__ import annotations

from tradewind.market import DataError


class BundleError(DataError):
    """A bundle, or a file that should become one, is not what it must be. Nothing of it was used."""
