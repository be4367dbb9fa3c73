"""What a crash leaves on the disk."""

from __future__ import annotations


def refuse() -> None:
    """Has the system write no core of this process, or of those that it starts: a secret would be in it."""
    try:
        import resource
    except ImportError:  # Windows, which writes none unless told to
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
