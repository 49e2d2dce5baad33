"""Pictures as answers: browsers may keep them, but have to ask each time, since what was erased must not show up again."""

from typing import Any

from starlette.responses import Response

PICTURE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "JPEG", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "It is still the one whose ETag was sent"},
}
"""What OpenAPI says of them."""


def jpeg_answer(jpeg: bytes, name: str, if_none_match: str | None) -> Response:
    """A picture, or that it is still the one which the client has.

    Args:
        jpeg: The file's bytes.
        name: Of this very content, for the ETag.
        if_none_match: The header of the request.
    """
    tag = f'"{name}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if if_none_match is not None and names(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def names(if_none_match: str, tag: str) -> bool:
    """Whether an ``If-None-Match`` header names a tag (RFC 9110, section 13.1.2: compared weakly)."""
    return if_none_match.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
