"""What each `plimsoll` command does; `services.cli` says how it is called."""
