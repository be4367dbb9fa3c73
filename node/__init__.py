"""Everything that touches the world: devices, links, models, the command line."""

import os

# Before numpy is imported: its small products must not wait for a second core while a picture is painted there.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
