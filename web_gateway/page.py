"""The chat page and its files, and the headers that keep browsers from doing more with an answer than it is for."""

from flask import Flask, Response

# Only our own files, nothing inline, no frames, and no way for text to become markup.
_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)

# Of every other answer: it is data, not a page.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def register(app: Flask) -> None:
    """Serve the page at /. Flask itself serves /static: with ETags, to be asked for again before each use."""

    @app.get("/")
    def page() -> Response:
        response = app.send_static_file("index.html")
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response
