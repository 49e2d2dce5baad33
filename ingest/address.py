"""Addresses of live cameras, and how they are shown without the logins in them."""

import re

SCHEMES = ("rtsp", "rtsps", "http", "https")

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
WEBCAM = re.compile(r"webcam:([0-9]{1,3})|/dev/video([0-9]{1,3})")

HIDDEN = "***"

HARMLESS = frozenset(
    "camera channel channels ch fps profile resolution stream streamtype subtype unicast".split()  # noqa: SIM905
)
"""Parameters of an address that say which camera it is. Values of all others may be a password, and are hidden."""

_VALUE = re.compile(r"([^\s/?&;#=]+)=([^\s/?&;#]*)")


def is_address(text: str) -> bool:
    """Whether a source is an address, of whatever kind.

    Example:
        >>> is_address("rtsp://10.0.0.5/main"), is_address("door.mp4")
        (True, False)
    """
    return ADDRESS.match(text) is not None


def is_live(text: str) -> bool:
    """Whether a source is a camera that sends now: an address, or a webcam.

    Example:
        >>> is_live("webcam:0"), is_live("/dev/video1"), is_live("door.mp4")
        (True, True, False)
    """
    return is_address(text) or webcam_number(text) is not None


def webcam_number(text: str) -> int | None:
    """The number of the webcam that a source names, None where it names none."""
    found = WEBCAM.fullmatch(text)
    return None if found is None else int(found[1] or found[2])


def shown(text: str) -> str:
    """An address as it may be shown and kept: without user name, password, and values that may be one.

    Example:
        >>> shown("rtsp://admin:s3cret@10.0.0.5/cam?channel=1&pwd=s3cret")
        'rtsp://***@10.0.0.5/cam?channel=1&pwd=***'
        >>> shown("door.mp4"), shown("webcam:0")
        ('door.mp4', 'webcam:0')
    """
    begin = ADDRESS.search(text)
    if begin is None:
        return text
    # A careless password may hold any character, so all before the last @ is hidden.
    _, at, rest = text[begin.end() :].rpartition("@")
    return text[: begin.end()] + (f"{HIDDEN}@" if at else "") + _VALUE.sub(_hidden, rest)


def without_logins(message: str) -> str:
    """A message with every address in it as it may be shown: the last guard before something is printed.

    Example:
        >>> without_logins("no option 'rtsp://a:b@host/x'")
        "no option 'rtsp://***@host/x'"
    """
    return re.sub(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", lambda found: shown(found[0]), message)


def _hidden(found: re.Match[str]) -> str:
    name, value = found[1], found[2]
    return found[0] if name.lower() in HARMLESS or not value else f"{name}={HIDDEN}"
