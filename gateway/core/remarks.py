"""What is remarked on a file besides its status: short words in a row, told to people.

Owns the words and how they are joined. Pure (Source: SPEC 2, 6).
"""

DELIVERED = "Delivered"  # it lies where its service reads; stands on Sent alone
NOT_SCANNED = "not scanned"
NO_END = "its message has no end: look whether the file is whole"
WAITS_FOR_SCAN = "waiting for the scan"
SAME_BYTES = "the same file came as {name} on {day}"
REROUTED = "re-routed from {code}"
LEAVES_AT = "leaves at {time}"  # the undo window
BEING_RECALLED = "being recalled"  # a share does not answer: its copy is taken back when it does
_BETWEEN = "; "


def joined(*remarks: str | None) -> str | None:
    """Return remarks in a row, each once; None when there is none."""
    words = [word for remark in remarks if remark for word in remark.split(_BETWEEN)]
    return _BETWEEN.join(dict.fromkeys(words)) or None


def with_delivered(remark: str | None) -> str:
    """Return the remark of a file that was delivered: it waits for nothing any more."""
    return joined(_without(remark, LEAVES_AT), DELIVERED) or DELIVERED


def without_delivered(remark: str | None) -> str | None:
    """Return the remark of a file that is not Sent any more, or not yet delivered again."""
    return _without(_without(_without(remark, LEAVES_AT), DELIVERED), BEING_RECALLED)


def as_it_came(remark: str | None) -> str | None:
    """Return what of a file's remark no decision about it changes: how its bytes came."""
    return NO_END if NO_END in (remark or "").split(_BETWEEN) else None


def is_being_recalled(remark: str | None) -> bool:
    """Return whether a file's school has taken it back, and a copy of it could not be reached yet."""
    return BEING_RECALLED in (remark or "").split(_BETWEEN)


def _without(remark: str | None, form: str) -> str | None:
    beginning = form.partition("{")[0]
    return joined(*(word for word in (remark or "").split(_BETWEEN) if not word.startswith(beginning)))
