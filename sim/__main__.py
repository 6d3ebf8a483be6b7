"""Command line entry: `territorial`, `python -m sim`, and `python run.py` of a checkout are the same."""

import os
import sys


def use_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale has another encoding: towns and files may have any name."""
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8":
        printed = sys.stdout.encoding if sys.stdout else "utf-8"  # what the terminal can show stays as it is
        os.environ.setdefault("PYTHONIOENCODING", printed)
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def start() -> None:
    """Run the command line of this process, and end it with the exit code."""
    use_utf8()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # arrays are small: more threads would only wait for each other
    if (
        next((word for word in sys.argv[1:] if not word.startswith("-")), "") == "check"
    ):  # runs nothing: what it asks of the rules they say as Python, and it starts at once
        os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
    from sim.errors import exit_code, handle_signals

    with handle_signals():  # from here on, so that a signal while libraries are imported is no traceback
        try:
            from sim.cli.main import main

            code = main()
        except KeyboardInterrupt as stop:
            print("stopped; nothing was written", file=sys.stderr)
            code = exit_code(stop)
        sys.exit(code)


if __name__ == "__main__":
    start()
