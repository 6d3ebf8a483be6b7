"""Executes the notebooks of docs/notebooks anew, in place, in a folder of their own.

    python -m docs.execute_notebooks [NAME...]      all notebooks if none is named

Needs the extra `notebooks`. A cell that fails ends it with the cell's error; the notebook then stays as it was.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"
INLINE = "module://matplotlib_inline.backend_inline"
CELL_SECONDS = 600  # more than a busy machine takes to compile the rules
TRANSIENT = ("execution", "papermill")  # metadata that differ each time


def executed(file: Path) -> Any:
    """Return a notebook with fresh outputs; CellExecutionError if a cell fails."""
    notebook: Any = nbformat.read(file, as_version=4)
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
    for cell in notebook.cells:
        for key in TRANSIENT:
            cell.metadata.pop(key, None)
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def joined(outputs: list[Any]) -> list[Any]:
    """Return outputs in which what is printed in one go is one output: a kernel sends it in parts as time has it."""
    whole: list[Any] = []
    for output in outputs:
        before = whole[-1] if whole else {}
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            before["text"] += output["text"]
        else:
            whole.append(output)
    return whole


def texts(notebook: Any) -> list[str]:
    """Return what cells print and the plain text of what they show, without what differs each time: pictures and progress."""
    lines = []
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        data = output.get("data", {})
        if output["output_type"] == "stream" and output["name"] == "stdout":
            lines.append(output["text"])
        elif output["output_type"] == "execute_result" and "image/png" not in data:
            lines.append(data["text/plain"])
    return lines


def main(names: list[str]) -> int:
    """Execute notebooks and write them; return the exit code."""
    os.environ["MPLBACKEND"] = INLINE
    for file in sorted(NOTEBOOKS.glob("*.ipynb")):
        if names and file.stem not in names:
            continue
        try:
            notebook = executed(file)
        except CellExecutionError as error:
            print(f"{file.name}: {error}", file=sys.stderr)
            return 1
        nbformat.write(notebook, file)
        print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
