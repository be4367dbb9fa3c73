"""Rooms in the keyring of the desktop (the extra `keyring`)."""

from __future__ import annotations

from types import ModuleType

from protocol.errors import NodeError

SERVICE = "pictophone"


def get(name: str) -> str | None:
    """The link kept under this name, if there is one. Raises NodeError, as all here, if there is no keyring."""
    keyring = _keyring()
    try:
        kept: str | None = keyring.get_password(SERVICE, name)
    except keyring.errors.KeyringError as error:
        raise _failure(error) from None
    return kept


def put(name: str, link: str) -> None:
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, name, link)
    except keyring.errors.KeyringError as error:
        raise _failure(error) from None


def delete(name: str) -> None:
    """It may be gone already."""
    keyring = _keyring()
    try:
        keyring.delete_password(SERVICE, name)
    except keyring.errors.PasswordDeleteError:
        pass
    except keyring.errors.KeyringError as error:
        raise _failure(error) from None


def _keyring() -> ModuleType:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise NodeError("the room's keyring needs: pip install 'pictophone[keyring]'") from None
    return keyring


def _failure(error: Exception) -> NodeError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return NodeError(f"the keyring does not serve: {reason}; unlock it, or save the room without --keyring")
