"""Entry of the command line: which command is meant, and what a failure looks like.

Exit codes: 0 done, 2 the input is at fault (one line a fault), 130 stopped with Ctrl-C, 143 with SIGTERM, 129 with SIGHUP,
1 anything else (one line; the traceback comes with `--debug` or TERRITORIAL_COMPETITION_DEBUG=1). `-v` anywhere prints to
standard error which files were read, and how long it took.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sim import __version__
from sim.cli.audit import audit
from sim.cli.batch import batch, status
from sim.cli.calibrate import calibrate
from sim.cli.check import changes, check, new_map, rules, schema, show
from sim.cli.compare import compare
from sim.cli.decide import decide
from sim.cli.events import events, export, pack, why
from sim.cli.figure import figure
from sim.cli.hindcast import hindcast
from sim.cli.home import home
from sim.cli.options import name_maps, only_written, parameters_of, usage_faults
from sim.cli.patterns import ablate, patterns
from sim.cli.run import branch, run, verify
from sim.cli.score import score
from sim.cli.validate import validate
from sim.cli.watch import watch
from sim.errors import Fault, InputError, deferred, did_you_mean, exit_code, handle_signals
from sim.files import named_file, named_files
from sim.text import program, shell

LOG = logging.getLogger(__name__)
COMMANDS: tuple[Callable[..., None], ...] = (
    run,
    watch,
    batch,
    status,
    compare,
    decide,
    verify,
    branch,
    patterns,
    ablate,
    audit,
    calibrate,
    score,
    hindcast,
    validate,
    figure,
    check,
    show,
    changes,
    why,
    events,
    rules,
    new_map,
    export,
    pack,
    schema,
)
COMPLETION = ("--install-completion", "--show-completion")
ROOT_OPTIONS = ("--help", "-h", "--version", "--json", *COMPLETION)
VERBOSE = ("-v", "--verbose")
QUIET = ("-q", "--quiet")
DEBUG = "TERRITORIAL_COMPETITION_DEBUG"
OK, FAILED, BAD_INPUT = 0, 1, 2
COMMAND, COMPLETE = "territorial", "_TERRITORIAL_COMPLETE"  # as the scripts of shells name them
LONGEST_LINE = 900  # letters of a message


class DefaultRun(TyperGroup):
    """A group in which a scenario file, or an option of `run`, stands for `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` in front where no command is named."""
        if ctx.resilient_parsing:  # a shell asks which words may follow
            return super().parse_args(ctx, args)
        if "--debug" in args:
            os.environ[DEBUG] = "1"
        if any(word in VERBOSE for word in args):
            _log_to_terminal()
        rest = [word for word in args if word not in ("--debug", *VERBOSE, *QUIET)]
        if any(word in QUIET for word in args):
            rest = self._quiet(ctx, rest)
        named = rest[:1] and rest[0] in self.commands
        if rest and not named and not (rest[0] in ROOT_OPTIONS and (rest[0] != "--json" or len(rest) == 1)):
            if not _stands_for_run(rest[0]):
                guess = did_you_mean(rest[0], [*self.commands, *named_files()])
                raise InputError([Fault(rest[0], None, "", f"there is no such command or file{guess}")])
            rest.insert(0, "run")
        _check_completion(rest)
        rest = name_maps(rest)
        command = next((each for each in COMMANDS if rest and _command_name(each) == rest[0]), None)
        if command is not None and (faults := usage_faults(rest[0], command, rest[1:])):
            raise InputError(faults)
        return super().parse_args(ctx, rest)

    def _quiet(self, ctx: Any, words: list[str]) -> list[str]:
        """Return the words with `-q` for a command that has it, `run` too; for another note on the context that it is quiet."""
        command = next((each for each in COMMANDS if words and _command_name(each) == words[0]), run)
        if any(parameter.short == QUIET[0] for parameter in parameters_of(command)):
            return [*words[:1], QUIET[0], *words[1:]] if words[:1] == [_command_name(command)] else [*words, QUIET[0]]
        ctx.obj = QUIET
        return words


def _check_completion(words: Sequence[str]) -> None:
    """Raise InputError if completion is asked of a program that shells know by no name of its own."""
    if words and words[0] in COMPLETION and program() != (COMMAND,):
        message = f"is for the command `{COMMAND}`, which `pip install -e .` makes; this is `{shell()}`"
        raise InputError([Fault(words[0], None, "", message)])


def _command_name(command: Callable[..., None]) -> str:
    return command.__name__.replace("_", "-")


def _stands_for_run(word: str) -> bool:
    """Return whether the first word is a file, a scenario's name or an option rather than a misspelt command."""
    looks_like_path = Path(word).suffix != "" or os.sep in word
    return word.startswith("-") or looks_like_path or Path(word).exists() or named_file(word) is not None


app = typer.Typer(
    cls=DefaultRun,
    name=shell(),
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Simulates territorial competition between rebel groups: base attempts, clashes, ceasefires, escalation.",
    epilog="A scenario in place of a command is run. Without any word, scenarios and recent results are listed. "
    "With any command `-q` prints only what was written, `-v` which files are read and how long it takes; `--debug` shows the traceback of an internal error.",
)


def _log_to_terminal() -> None:
    """Print what the program logs about files, and at the end the time, to standard error."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    logging.getLogger("sim").setLevel(logging.DEBUG)
    python = ".".join(map(str, sys.version_info[:3]))
    LOG.debug("territorial-competition %s, Python %s, %s", __version__, python, Path(__file__).parents[1])


def _version(requested: bool) -> None:
    if requested:
        print(f"territorial-competition {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="List scenarios and results as JSON, for other programs.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        home(as_json)


for _command in COMMANDS:
    app.command()(_command)


@functools.cache
def parser() -> Any:
    """Return the command line as click knows it; typer takes a tenth of a second to make it."""
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (the process's own by default) and return the exit code."""
    _open_streams()
    began = time.monotonic()
    try:
        with handle_signals():
            code = _invoke(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return OK  # the reader has seen enough
    except KeyboardInterrupt as stop:
        return report_stop(stop)
    except OSError as error:  # the disk behind the output is full, or the terminal is gone
        _discard_output()
        return code or _report_failure(FAILED, f"error: {error.strerror or error}")
    finally:
        LOG.debug("took %.1f s", time.monotonic() - began)
    return code


def report_stop(stop: BaseException) -> int:
    """Print what is left after Ctrl-C, SIGTERM or SIGHUP, and return the exit code."""
    with deferred(), suppress(OSError):  # the terminal may be gone
        _report_failure(FAILED, "stopped; what is complete stays, nothing is half-written")
    return exit_code(stop)


def _open_streams() -> None:
    """Put up with a closed output, and with a terminal that lacks a letter."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 (as long as the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _invoke(arguments: list[str]) -> int:
    try:
        _check_place()
        command = parser()
        if COMPLETE in os.environ:  # a shell asks for the words that may follow
            command.main(args=arguments, prog_name=COMMAND)
        with (
            command.make_context(shell(), arguments) as context,
            only_written("--json" in arguments) if context.obj == QUIET else nullcontext(),
        ):
            command.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:  # how completion of shells ends
        return int(stop.code or OK)
    except InputError as error:
        return _report_failure(BAD_INPUT, *(_one_line(str(fault)) for fault in error.faults))
    except (KeyboardInterrupt, typer.Abort) as stop:
        return report_stop(stop)
    except BrokenPipeError:
        raise
    except MemoryError:
        return _report_failure(FAILED, "error: out of memory")
    except OSError as error:
        return _report_failure(
            FAILED, f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}"
        )
    except Exception as error:
        if hasattr(error, "format_message"):  # typer refuses a line that `usage_faults` lets pass
            return _report_failure(BAD_INPUT, f"the command line cannot be read; see `{shell('--help')}`")
        return _internal(error)
    return OK


def _check_place() -> None:
    """Raise InputError where the folder in which the command runs has been removed."""
    try:
        Path.cwd()
    except FileNotFoundError:
        message = "has been removed since it was entered; change to a folder that is there"
        raise InputError([Fault("the current folder", None, "", message)]) from None


def _report_failure(code: int, *lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    """Return a text on one line and not too long; letters that a terminal would act on are shown as escapes."""
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} ... {line[-LONGEST_LINE // 2 :]}"


def _internal(error: Exception) -> int:
    first = " ".join(str(error).split())[:300]
    line = f"internal error, please report it: {type(error).__name__}: {first} (--debug shows where)"
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    return _report_failure(FAILED, line)


def _discard_output() -> None:
    """Point standard output at nothing, so that the interpreter's last flush does not fail either."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):
        pass
    finally:
        os.close(null)
