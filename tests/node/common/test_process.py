"""What a helper process does at its start, each time in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

CLAIMING = """
from node.common.process import claim_stdout
replies = claim_stdout()
print("noise of a library", flush=True)
replies.write(b"a reply")
replies.flush()
"""

LEAVING = """
import os, signal
from node.common.process import leave_to_parent
leave_to_parent()
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGHUP)
print("on", flush=True)
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_what_libraries_print_is_no_reply() -> None:
    done = subprocess.run([sys.executable, "-c", CLAIMING], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a reply", b"noise of a library\n")


def test_a_process_that_works_for_another_is_ended_by_it_alone() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode, done.stdout.split()) == (-signal.SIGTERM, ["on"])
