"""What those who ask a server may do."""

from typing import Literal, get_args

Role = Literal["viewer", "operator", "admin"]
"""A viewer asks, an operator also runs cameras and jobs, an admin also erases and gives out tokens."""
ROLES: tuple[Role, ...] = get_args(Role)
