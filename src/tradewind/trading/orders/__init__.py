"""Orders that cannot be lost or doubled: intake, manager, watch, doubt."""
