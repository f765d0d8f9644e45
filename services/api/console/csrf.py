"""That a form was made for the session that sends it: a token that only the session's own pages hold."""

from __future__ import annotations

import hashlib
import hmac

from services.api.http.problems import ProblemError

FIELD = "csrf"


def csrf_token(secret: str) -> str:
    """The token of the forms of one session, by the secret in its cookie. It tells nothing of the secret."""
    return hmac.new(secret.encode(), b"console form", hashlib.sha256).hexdigest()


def require_csrf_token(secret: str, given: str) -> None:
    """Raise ProblemError 403 for a form that another session's page, or no page of ours, held."""
    if not secret or not hmac.compare_digest(csrf_token(secret).encode(), given.encode()):
        raise ProblemError("form_not_ours")
