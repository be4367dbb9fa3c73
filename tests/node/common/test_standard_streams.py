"""Standard output as a pipe of replies, in a process of its own; the rest is tested through `output`."""

from __future__ import annotations

import subprocess
import sys

CLAIMING = """
from node.common.standard_streams import claim_stdout
replies = claim_stdout()
print("noise of a library", flush=True)
replies.write(b"a reply")
replies.flush()
"""


def test_what_libraries_print_is_no_reply() -> None:
    done = subprocess.run([sys.executable, "-c", CLAIMING], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a reply", b"noise of a library\n")
