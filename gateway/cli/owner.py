"""Whose hands touch the data folder: its owner's and nobody else's; and whose name stands in the records.

Root becomes the owner before anything is opened, so that no file of root's is left where the daemon must write; anybody
else is refused (Source: SPEC 13).
"""

import os
import pkgutil
import pwd
from importlib import import_module
from pathlib import Path

import gateway
from gateway.errors import ConfigError, Fault, NotPermitted

_LATE = (  # what we, the standard library and rich import when they need it
    "concurrent.futures.thread",
    "encodings.idna",
    "encodings.unicode_escape",
    "encodings.utf_16_be",
    "encodings.utf_8_sig",
    "rich.console",
    "rich.table",
    "structlog",
    "ulid",
)


def become_owner(data: Path) -> None:
    """Go on as the owner of the data folder; from root for good. Raises NotPermitted for anybody else."""
    owner = _owner(data)
    if os.geteuid() == owner.st_uid:
        return
    if os.geteuid() != 0:
        raise NotPermitted(
            f"The data folder {data} belongs to {user_name(owner.st_uid)}, and you are {user_name(os.geteuid())}. "
            f"Run this command as {user_name(owner.st_uid)} or with sudo."
        )
    import_everything()
    _step_down(owner)


def demand_owner(data: Path) -> None:
    """Raise NotPermitted unless this process is the data folder's owner: the daemon never changes its user itself."""
    owner = _owner(data)
    if os.geteuid() != owner.st_uid:
        raise NotPermitted(
            f"The data folder {data} belongs to {user_name(owner.st_uid)}, and this would run as "
            f"{user_name(os.geteuid())}. Start it as {user_name(owner.st_uid)}: another user's files would stop it."
        )


def actor_name(named: str | None) -> str:
    """Return who stands in the records: `--as`, else SUDO_USER, else the login name."""
    return named or os.environ.get("SUDO_USER") or _login_name()


def import_everything() -> None:
    """Read what a command could read later, code and SQL: the owner of the data need not be able to."""
    from gateway.store.engine.queries import load_queries
    from gateway.store.migrate import read_migrations

    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        import_module(module.name)
    for late in _LATE:
        import_module(late)
    load_queries()
    read_migrations()


def user_name(uid: int) -> str:
    """Return the name of a user of this host, or the number of one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _login_name() -> str:
    try:
        return os.getlogin()  # also after `su`: who sits at the terminal
    except OSError:  # no terminal
        return user_name(os.getuid())


def _owner(data: Path) -> os.stat_result:
    try:
        return data.stat()
    except FileNotFoundError:
        problem = f"the folder {data} is not there; `gateway init` makes one, or make it yourself (mode 0700)"
    except PermissionError:
        raise NotPermitted(f"You may not look into {data.parent}. Run this command with sudo.") from None
    raise ConfigError((Fault("gateway.toml", "[storage] data", problem),))


def _step_down(owner: os.stat_result) -> None:
    # Groups first: once the user is set, they can't be changed any more.
    try:
        person = pwd.getpwuid(owner.st_uid)
        os.initgroups(person.pw_name, person.pw_gid)
        os.setgid(person.pw_gid)
    except KeyError:  # an owner without an entry, as in a container
        os.setgroups([owner.st_gid])
        os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
