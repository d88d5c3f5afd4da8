"""An API key as one value that does not show itself."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.market import ConfigError

_SHOWN = 4


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What signs requests. Bitget also wants the passphrase that its key was made with."""

    key: str
    secret: str
    passphrase: str = ""

    def __post_init__(self) -> None:
        for name in ("key", "secret"):
            value = getattr(self, name)
            if not value or value != value.strip():
                raise ConfigError(f"the API {name} is empty or has spaces around it: copy it again")

    def __repr__(self) -> str:
        """The first characters of the key, by which a person knows it; nothing of the rest."""
        start = self.key[:_SHOWN] if len(self.key) >= 4 * _SHOWN else ""
        return f"Keys({start}...)"
