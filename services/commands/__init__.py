"""The `plimsoll` commands; `services.cli` declares their arguments."""
