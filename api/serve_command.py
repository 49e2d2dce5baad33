"""``passerby serve``: the HTTP API."""

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from api.options import Data, DetectorName, Device, Json, Precision, Threads, data_folder, thread_count
from api.output import print_json, say
from gallery.errors import ConfigError

MOST_UPLOAD_GB = 1000


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(serve)


def serve(
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; any but this machine's own needs a token.")
    ] = ("127.0.0.1"),
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    detector: DetectorName = "auto",
    media: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder whose recordings operators may name; may be given again."),
    ] = None,
    max_upload: Annotated[float, typer.Option(metavar="GB", help="Largest video that may be sent.")] = 2.0,
    data: Data = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Answer questions over HTTP until Ctrl-C. Clients send a token: one of `passerby tokens`, or of PASSERBY_TOKEN.

    Example: passerby serve --data gallery --port 8080
    """
    address = resolve(host, port)
    for folder in media or []:
        if not folder.is_dir():
            raise ConfigError(f"--media {folder} is no folder; name one that is there")
    if not 0 < max_upload <= MOST_UPLOAD_GB:
        raise ConfigError(
            f"--max-upload {max_upload:g} is out of range; give more than 0 and at most {MOST_UPLOAD_GB} GB"
        )
    from api.access import VARIABLE, choose_token

    folder = data_folder(data)
    given = os.environ.get(VARIABLE)
    others = given is None and address.is_public and tokens_given(folder)
    token = choose_token(given, host, is_public=address.is_public, others=others)
    with listen(address) as listener:
        from api.job_requests import Commands
        from api.job_runner import JobRunner
        from api.query_service import QueryService
        from api.server import create_app
        from api.serving import run
        from api.sessions import Sessions
        from gallery.store import Gallery

        with Gallery.open(folder, create=True) as gallery:
            service = QueryService(
                gallery, detector=detector, threads=thread_count(threads), device=device, precision=precision
            )
            url = address.url(listener)
            say(f"serving {folder} at {url}, until Ctrl-C; {url}/openapi.json tells what it answers")
            sessions = Sessions()
            if token is not None and not address.is_public:
                say(f"open {url}/login?key={sessions.invite(token.value)} in a browser; the link works once")
            if token is not None and token.is_new:
                say(f"token of this run (set {VARIABLE} to keep one): {token.value}")
            if as_json:
                print_json({"url": url, "data": folder})
            own = None if token is None else token.value
            app = create_app(
                service, own, sessions, media=media or (), most_upload_bytes=round(max_upload * 1_000_000_000)
            )
            runner = JobRunner(gallery, Commands(gallery, detector, thread_count(threads), device, precision))
            runner.start()

            def end() -> None:
                app.state.ending.set()
                runner.begin_to_close()

            try:
                run(app, listener, end)
            finally:
                runner.close()
    say("stopped")


def tokens_given(folder: Path) -> bool:
    """Whether tokens were given out for a gallery."""
    from gallery.store import Gallery
    from gallery.tokens import TokenTable

    if not Gallery.is_in(folder):
        return False
    with Gallery.open(folder) as gallery:
        return bool(TokenTable(gallery.database).rows())


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Attributes:
        family: Of the socket, IPv4 or IPv6.
        host: A number, not a name.
        port: 0 for any free one.
    """

    family: socket.AddressFamily
    host: str
    port: int

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(self.host).is_loopback

    def url(self, listener: socket.socket) -> str:
        """How clients on this machine reach it, once there is a listening socket."""
        host = f"[{self.host}]" if self.family == socket.AF_INET6 else self.host
        return f"http://{host}:{listener.getsockname()[1]}"


def resolve(host: str, port: int) -> Address:
    """The address that a host's name stands for.

    Raises:
        ConfigError: If it stands for none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host {host!r} is no address of this machine: try 127.0.0.1") from error
    family, _, _, _, address = found[0]
    return Address(family, str(address[0]), port)


def listen(address: Address) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigError: If the port is taken, or not allowed.
    """
    try:
        return socket.create_server((address.host, address.port), family=address.family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {address.host} port {address.port} ({os.strerror(error.errno or 0)}): "
            "name another by --port, or end the program that has it"
        ) from error
