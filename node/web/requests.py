"""Bodies of requests read within bounds, and answers that say in one line what is wrong."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

from aiohttp import web

# A JSON object of one or two values.
MAX_JSON = 1 << 10
# Half a megabyte on a slow Wi-Fi; a slower body would only keep the connection busy.
BODY_WITHIN_S = 10.0

RETRY_AFTER = {"Retry-After": "5"}


def refused(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer that gives the reason in one line."""
    return web.Response(status=status, text=f"{reason}\n", headers=headers)


def done() -> web.Response:
    """Return an answer without a body."""
    return web.Response(status=204)


async def read_body(request: web.Request, most: int) -> bytes:
    """Return the body, of `most` bytes at most. Raises an HTTP error if it is longer, damaged or too slow."""
    length = request.content_length
    if length is not None and length > most:
        raise web.HTTPRequestEntityTooLarge(most, length, text=f"the body is too long: {most} bytes at most\n")
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for piece in request.content.iter_chunked(16 << 10):
                read += piece
                if len(read) > most:
                    break
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body takes too long\n") from None
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="the body is damaged\n") from None
    if len(read) > most:
        raise web.HTTPRequestEntityTooLarge(most, len(read), text=f"the body is too long: {most} bytes at most\n")
    return bytes(read)


async def read_object(request: web.Request, most: int = MAX_JSON) -> dict[str, Any]:
    """Return the object of a JSON body of `most` bytes at most. Raises an HTTP error if it is none."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json\n")
    try:
        read = json.loads(await read_body(request, most))
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="this is no JSON\n") from None
    if not isinstance(read, dict):
        raise web.HTTPUnprocessableEntity(text="send a JSON object\n")
    return read


def finite_number(value: object) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
