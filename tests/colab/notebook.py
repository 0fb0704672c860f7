"""Driving a notebook's kernel with nbclient, cell by cell, and reading what the cells show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

CELL_SECONDS = 200


class Session:
    """One kernel, from its start to its end: what Colab calls a session."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client

    def run(self, source: str) -> str:
        """Run a cell and return its text: printed, shown, or an error's. Raises CellExecutionError as a notebook stops."""
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        return "".join(_text(output) for output in cell.outputs)

    def has_ended(self) -> bool:
        """Whether the kernel's process is gone, as a restart begins."""
        manager: Any = self.client.km
        return manager.provisioner.process.poll() is not None


def _text(output: Mapping[str, object]) -> str:
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}\n"
    if output["output_type"] == "stream":
        return str(output["text"])
    data = output["data"]
    assert isinstance(data, dict)
    return f"{data.get('text/plain', '')}\n"


@contextmanager
def session(specs: Path, cwd: Path, environ: Mapping[str, str], name: str = "colab") -> Iterator[Session]:
    """A new kernel of the image in the folder `cwd`."""
    found = KernelSpecManager(kernel_dirs=[str(specs)], ensure_native_kernel=False)
    manager = AsyncKernelManager(kernel_name=name, kernel_spec_manager=found)
    book = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    client = NotebookClient(
        book, km=manager, timeout=CELL_SECONDS, resources={"metadata": {"path": str(cwd)}}
    )
    try:
        with client.setup_kernel(env=dict(environ)):
            yield Session(client)
    finally:  # a manager that is handed to it the client leaves to us, and its kernel running
        run_sync(manager.shutdown_kernel)(now=True)


def cells_of(path: Path) -> list[str]:
    """The code cells of a notebook file."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return [cell.source for cell in book.cells if cell.cell_type == "code"]
