"""One definition of every feature for history and live stream; a scaler learnt on train rows only."""

from tradewind.features.asof import asof, asof_join
from tradewind.features.batch import FeatureMatrix, compute
from tradewind.features.catalogue import CATALOGUE
from tradewind.features.custom import register
from tradewind.features.lookahead import truncation_test
from tradewind.features.plan import FEATURES_VERSION, FeaturePlan, FeatureSpec, known_features
from tradewind.features.presets import preset, presets
from tradewind.features.scaler import Scaler
from tradewind.features.stream import FeatureStream

__all__ = [
    "CATALOGUE",
    "FEATURES_VERSION",
    "FeatureMatrix",
    "FeaturePlan",
    "FeatureSpec",
    "FeatureStream",
    "Scaler",
    "asof",
    "asof_join",
    "compute",
    "known_features",
    "preset",
    "presets",
    "register",
    "truncation_test",
]
