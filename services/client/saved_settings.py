"""The file in which a person may keep server and key, so that no shell has to export them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from stat import S_IRWXG, S_IRWXO
from typing import Any

from services.settings import ClientSettings, SettingsError, variable_name


def load_client_settings(environment: Mapping[str, str]) -> ClientSettings:
    """The settings of the environment, before those of the file. Raises SettingsError."""
    return ClientSettings.from_environment(environment, _read_file(find_settings_file(environment)))


def find_settings_file(environment: Mapping[str, str]) -> Path:
    """Where the file is looked for (XDG Base Directory Specification)."""
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or Path.home()) / ".config"
    return Path(home) / "plimsoll" / "client.toml"


def require_key(settings: ClientSettings) -> str:
    """The key. Raises SettingsError where there is none."""
    if settings.key is None:
        raise SettingsError(
            f"no key: set {variable_name('key')}=plim_... (a steward makes one with: plimsoll keys create), "
            "or keep it in ~/.config/plimsoll/client.toml; see docs/cli.md"
        )
    return settings.key


def _read_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    unknown = sorted(found.keys() - set(ClientSettings.__struct_fields__))
    if unknown or not all(isinstance(value, str) for value in found.values()):
        raise SettingsError(f'{path} takes url = "..." and key = "..." only')
    if "key" in found and mode & (S_IRWXG | S_IRWXO):
        raise SettingsError(f"others can read the key in {path}: chmod 600 {path}")
    return found
