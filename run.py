"""Command line entry of a checkout: `python run.py --help`, the same as `territorial --help` of an installed program."""

from sim.__main__ import start

if __name__ == "__main__":
    start()
