"""How a peer is served: uvicorn with the settings that `plimsoll serve` gives it."""

from __future__ import annotations

from typing import Any

import uvicorn


def serve(application: Any, port: int) -> None:
    """Until SIGTERM; uvloop and httptools, no access log."""
    uvicorn.run(application, port=port, log_config=None, access_log=False, server_header=False)
