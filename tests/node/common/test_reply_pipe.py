"""Replies and what libraries print do not mix."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from node.common.reply_pipe import claim_stdout
replies = claim_stdout()
print("noise of a library", flush=True)
replies.write(b"a reply")
replies.flush()
"""


def test_what_libraries_print_is_no_reply() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a reply", b"noise of a library\n")
