"""The console command ``passerby``."""

import os
import sys
import traceback

import typer

from api import evaluate_commands, gallery_commands, ingest_commands, model_commands, query_commands
from gallery.errors import PasserbyError

BAD_INPUT, FAILURE = 2, 1

app = typer.Typer(
    name="passerby",
    help="Finds one person in many cameras: ingest video, then ask where else someone was seen.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
ingest_commands.register(app)
query_commands.register(app)
gallery_commands.register(app)
evaluate_commands.register(app)
model_commands.register(app)


def main() -> None:
    """Runs the command line: exit code 0, 2 for bad input with one clear line, 1 for a failure."""
    try:
        app()
    except PasserbyError as error:
        stop(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        stop("interrupted; what was committed is kept", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILURE)
    except OSError as error:
        stop(f"{error.strerror or error}: {error.filename or 'an input or output failed'}", FAILURE)


def stop(message: str, code: int) -> None:
    """Ends with one line on standard error; the traceback too if PASSERBY_DEBUG is set."""
    if os.environ.get("PASSERBY_DEBUG"):
        traceback.print_exc()
    sys.stderr.write(f"passerby: {' '.join(message.split())}\n")
    sys.exit(code)
