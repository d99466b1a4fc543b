"""A clerk, a mail merge and a headteacher on a real daemon: each letter is with its school once (SPEC 7, 11)."""

import asyncio

import pytest

from tests.scenarios.daemons import CLOCK, GONE, Daemon, until

CLERK, HEAD = "nadia.rowbotham", "ruth.ashdown"  # an officer of SEN; the headteacher of Millbeck
OPEN = ("8301102", "8302000", "8303308", "8301006", "8302117", "8302118", "8302360", "8302288")
ROOM = "SEN/Send to Schools/SEND"
LETTERS = {
    **{f"{number} Letter {n}.pdf": f"{number} {n}".encode() * 500 for number in OPEN for n in range(5)},
    **dict.fromkeys(("Letter.pdf", "830110 Letter.pdf", "8301I02 Letter.pdf"), b"misnamed"),
    "8302310 Letter.pdf": b"of a closed school",
}


async def drop(daemon: Daemon, names: list[str]) -> set[str]:
    """Put letters until the daemon dies; return those whose CLOSE was a good one."""
    put: set[str] = set()
    try:
        async with daemon.sftp(CLERK) as sftp:
            for name in names:
                async with sftp.open(f"{ROOM}/{name}", "wb") as file:
                    await file.write(LETTERS[name])
                put.add(name)
    except GONE:
        pass
    return put


@pytest.mark.timeout(400)
async def test_a_drop_of_letters_is_published_once_though_the_daemon_is_killed_in_it(daemon: Daemon) -> None:
    await daemon.set_up(CLERK, HEAD)
    await daemon.start()
    dropping = asyncio.create_task(drop(daemon, list(LETTERS)))
    await CLOCK.sleep(0.3)
    await daemon.kill()
    taken = await dropping
    await daemon.start()
    assert await drop(daemon, list(LETTERS)) == LETTERS.keys()  # the clerk does it again, all of it
    await daemon.idle()
    await until(lambda: len(daemon.rows("documents")) == len(LETTERS), "each letter is recorded")
    states = {row["sent_name"]: (row["state"], row["reason"]) for row in daemon.rows("documents")}
    assert taken <= states.keys() == LETTERS.keys()
    assert {name for name, (state, _) in states.items() if state == "held"} == set(list(LETTERS)[-4:])
    assert states["8302310 Letter.pdf"] == ("held", "closed-school")
    async with daemon.sftp(HEAD) as sftp:
        paths = [str(path) for path in await sftp.glob("LA Documents/Derbyshire Documents/*/SEND/*")]
        assert sorted(path.rpartition("/")[2] for path in paths) == [f"Letter {n}.pdf" for n in range(5)]
        async with sftp.open(paths[0], "rb") as letter:
            assert bytes(await letter.read()) in LETTERS.values()
    await until(lambda: daemon.rows("document_readings"), "the reading is recorded")
    assert await daemon.stop() == 0
