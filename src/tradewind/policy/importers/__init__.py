"""Models trained elsewhere become bundles. Tensors are read as tensors; nothing in a file is executed."""

from tradewind.policy.importers.model_file import import_model, save_verified
from tradewind.policy.importers.scaler_file import read_scaler
from tradewind.policy.importers.user_spec import UserSpec

__all__ = ["UserSpec", "import_model", "read_scaler", "save_verified"]
