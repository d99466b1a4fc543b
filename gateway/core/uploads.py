"""The names that programs give to uploads: temporary ones, and litter that nobody means to send.

Pure. A temporary name is an upload under way; litter is refused and recorded nowhere (Source: SPEC 5; FIELD-NOTES A.2).
"""

_TEMPORARY_ENDINGS = (".filepart", ".partial", ".part", ".tmp", ".temp", ".crdownload", ".upload")
_LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory", ".localized"})
_LITTER_STARTS = ("._", "~$", ".~lock.", ".fuse_hidden", ".nfs", ".trash")


def is_temporary(name: str) -> bool:
    """Return whether this is the name of an upload under way: it counts only once it is renamed."""
    return name.startswith(".") or name.casefold().endswith(_TEMPORARY_ENDINGS)


def is_system_litter(name: str) -> bool:
    """Return whether systems write this name by themselves."""
    folded = name.casefold()
    return folded in _LITTER or folded.startswith(_LITTER_STARTS)
