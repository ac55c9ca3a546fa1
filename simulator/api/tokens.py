"""How callers of Graph show who they are."""

from flask import request


def bearer() -> str:
    """The token that the caller shows; Graph takes it in the query, too."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else request.args.get("access_token", "")
