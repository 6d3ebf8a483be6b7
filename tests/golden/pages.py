"""What a user reads, as plain text: the help of every command, and the report page of a run without its pictures."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import sim
from sim.cli.main import parser
from sim.pages.run_report import Pictures, report
from sim.plots.map.sheets import Atlas

BLOCKS = {"p", "div", "li", "tr", "h1", "h2", "h3", "table", "section", "figcaption", "summary", "header", "aside"}
HIDDEN = {"style", "script"}


def help_text() -> str:
    """Return the help of all commands, independent of the layout that a version of Typer gives it."""
    commands = parser().commands
    return "\n".join(_command_help(name, commands[name]) for name in commands)


def _command_help(name: str, command: Any) -> str:
    lines = [f"## {name}", " ".join((command.help or "").split())]
    for option in command.params:
        names = "/".join([*option.opts, *option.secondary_opts]) if option.param_type_name == "option" else option.name
        default = "" if option.default is None or callable(option.default) else f" [{option.default}]"
        text = " ".join((getattr(option, "help", None) or "").split())
        lines.append(f"{names}{' required' if option.required else ''}{default}: {text}")
    return "\n".join(lines) + "\n"


class _Text(HTMLParser):
    """Collects the visible text of a page, a line a block."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in HIDDEN
        if tag in ("td", "th"):
            self.parts.append(" | ")
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in HIDDEN

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def report_text() -> str:
    """Return the text of the report page of a short run; the version is left out."""
    run = sim.simulate("two_valleys", seed=1, sets=["days=60"])
    page = report(run, Pictures(b"", b"", b""), Atlas.of(run))
    reader = _Text()
    reader.feed(page.replace(sim.__version__, "VERSION"))
    lines = (re.sub(r" +", " ", line).strip(" |") for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line) + "\n"
