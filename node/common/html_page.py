"""The frame of an HTML page that needs nothing else: style, sound and pictures inline, no network."""

from __future__ import annotations

import base64
import hashlib

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}</body>
</html>
"""


def page(title: str, policy: str, style: str, body: str) -> str:
    """Return the page; `title` and `body` are HTML, `policy` is its Content-Security-Policy."""
    return _PAGE.format(title=title, policy=policy, style=style, body=body)


def data_uri(media_type: str, data: bytes) -> str:
    """Return a file as what a page holds inline."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def source_hash(text: str) -> str:
    """Return how a Content-Security-Policy names an inline style or script that it lets in."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
