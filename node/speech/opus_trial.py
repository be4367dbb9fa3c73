"""A named libopus tried out before this process loads it.

A file that is not whole, or of something else, can kill or stop whoever loads or calls it, and then nobody is left to
say why. So another process does it first.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from node.common import child_process
from node.common.regular_files import open_regular
from protocol.errors import NodeError

# Loads the library, decodes with it, and has it conceal a loss: that touches what a call will use of it.
TRIAL = """
import sys
from node.speech.opus_libraries import DecoderLibrary, RawDecoder
library = DecoderLibrary(sys.argv[1])
RawDecoder(library, library.complexity).run(None, 320)
"""

# Seconds; it takes less than one.
LONGEST_S = 30.0

# Of a trial that went well, and of one that ended in an error of Python's: the caller will meet the same one.
ENDED_IN_ORDER = (0, 1)


def check(path: Path) -> None:
    """Raise NodeError, with the reason alone, if the file cannot be read, or kills or stops the process that uses it.

    One that is no library, or another one, passes: whoever loads it gets an error that says so.
    """
    open_regular(path).close()
    try:
        code = _end_of(sys.executable, "-P", "-c", TRIAL, str(path))
    except subprocess.TimeoutExpired:
        raise NodeError(f"it does not answer within {LONGEST_S:g} s") from None
    if code not in ENDED_IN_ORDER:
        raise NodeError(f"it ends the process that loads it, by {_named(code)}")


def _end_of(*command: str) -> int:
    return subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_process.environment(),
        cwd=child_process.working_folder(),
        timeout=LONGEST_S,
        creationflags=child_process.WINDOWS_FLAGS,
    ).returncode


def _named(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # one of this system alone
        return f"signal {-code}"
