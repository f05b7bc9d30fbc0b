"""The command line. The only place that prints, and where an error becomes text and an exit code.

0  everything came out clean, or within what was allowed
1  documents failed or were rejected beyond what was allowed; an example or a rule's example failed;
   two configurations that were compared differ
2  the command line, a pipelines.yaml, a plugin or an input is wrong
3  the documents of a run do not add up, or its workers die before they do anything
4  an output cannot be written: the disk is full, the folder is read-only
5  an output is in use by another run, or its folder holds one of another configuration or other inputs
130, 143  interrupted; 141  whoever read the output has gone
"""

from __future__ import annotations

import os
import re
import sys

from copydesk.errors import CopydeskError, OutputError, ResumeError, WorkerError

_CODES = {WorkerError: 3, OutputError: 4, ResumeError: 5}


_PLACE = re.compile(r"[^\n]+?:\d+(?::\d+)?: ")


def told(error: CopydeskError) -> str:
    """What is printed of an error. One that begins with a place in a file stands alone, as editors look for it."""
    return str(error) if _PLACE.match(str(error)) else f"copydesk: {error}"


def main() -> None:
    """Run the command, and turn what goes wrong into a message and an exit code."""
    if sys.stderr is None:  # as `2>&-` leaves it, and `print` would then write to standard output
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (to the end of the process)
    try:
        from copydesk.cli.app import app

        app(prog_name="copydesk")
    except CopydeskError as error:
        if "--debug" in sys.argv:
            raise
        print(told(error), file=sys.stderr)  # noqa: T201 (a face may)
        sys.exit(_CODES.get(type(error), 2))
    except BrokenPipeError:
        # Whoever read our output (`| head`) has had enough. Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
