"""The console command ``passerby``."""

import io
import os
import sys
import traceback

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: its threads spin, and the networks need the cores

import typer
from typer.exceptions import TyperException

from api import (
    adapt_command,
    audit_command,
    compare_command,
    evaluate_commands,
    export_command,
    gallery_commands,
    ingest_commands,
    join_command,
    model_commands,
    prepare_command,
    query_commands,
    reembed_command,
    serve_command,
    tokens_command,
    track_command,
    train_command,
    zones_command,
)
from api.stopping import Stopped
from gallery.errors import PasserbyError
from ingest.address import without_logins

BAD_INPUT, FAILURE, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    name="passerby",
    help=(
        "Find one person in many cameras: ingest video, then ask where else someone was seen.\n\nExample: passerby demo"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
ingest_commands.register(app)
track_command.register(app)
query_commands.register(app)
gallery_commands.register(app)
evaluate_commands.register(app)
compare_command.register(app)
serve_command.register(app)
model_commands.register(app)
prepare_command.register(app)
join_command.register(app)
zones_command.register(app)
train_command.register(app)
export_command.register(app)
adapt_command.register(app)
reembed_command.register(app)
tokens_command.register(app)
audit_command.register(app)


def main() -> None:
    """Runs the command line: exit code 0, 2 for bad input with one clear line, 1 for a failure."""
    prepare_outputs()
    try:
        code = app(prog_name="passerby", standalone_mode=False)
        sys.stdout.flush()
    except PasserbyError as error:
        stop(str(error), BAD_INPUT)
    except TyperException as error:
        stop_usage(error)
    except Stopped as stopped:
        stop(str(stopped), INTERRUPTED)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read the result has enough of it; the interpreter must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILURE)
    except OSError as error:
        stop(f"{error.strerror or error}: {error.filename or 'an input or output failed'}", FAILURE)
    if code == INTERRUPTED:
        stop("interrupted; what was committed is kept, and the same command goes on from there", INTERRUPTED)
    sys.exit(code)


def prepare_outputs() -> None:
    """Makes sure that there is somewhere to write to, and that any name of a file can be written there."""
    if not hasattr(sys.stderr, "write"):
        # Python has none where the descriptor was closed; the next file that is opened would take its number.
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if not hasattr(sys.stdout, "write"):
        stop("standard output is closed; send the result to a file, or to /dev/null", FAILURE)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def stop_usage(error: TyperException) -> None:
    """Ends with one line about an argument that is wrong, or with the help where no command was given."""
    message = error.format_message()
    if len(message.splitlines()) > 1:
        sys.stderr.write(message + "\n")
        sys.exit(BAD_INPUT)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "passerby"
    stop(f"{message.rstrip('.')}; `{command} --help` explains", BAD_INPUT)


def stop(message: str, code: int) -> None:
    """Ends with one line on standard error; the traceback too if PASSERBY_DEBUG is set."""
    if os.environ.get("PASSERBY_DEBUG"):
        traceback.print_exc()
    sys.stderr.write(f"passerby: {without_logins(' '.join(message.split()))}\n")
    sys.exit(code)
