"""Every program that schools use for SFTP, as they use it: the table of docs/clients.md (SPEC 5; FIELD-NOTES B.3).

A program that is not installed is skipped by its name.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import paramiko
import pytest

from tests.scenarios.computer import OTHER, SCHOOL, WHO, WHOLE, Computer, Ended, computer_of, needs, until
from tests.scenarios.harness import copy_of

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

Put = Callable[[Computer, object, str], Ended]


@pytest.fixture(scope="module")
def computer(sample, tmp_path_factory) -> Iterator[Computer]:
    """A computer, and a gateway that runs."""
    place = tmp_path_factory.mktemp("clients")
    with computer_of(copy_of(sample, place / "deployment"), place / "computer") as computer:
        yield computer


@cache
def ssh2_sftp_client() -> Path:
    """Return a folder of packages with ssh2-sftp-client, from the npm registry; without one, the test is skipped."""
    folder = Path(tempfile.mkdtemp(prefix="node"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "ssh2-sftp-client@12"]
    if subprocess.run(install, cwd=folder, capture_output=True, timeout=120).returncode != 0:
        pytest.skip("ssh2-sftp-client can't be had from the npm registry")
    return folder / "node_modules"


# ---- Uploads ----


def by_mirror(computer: Computer, path, name: str) -> Ended:
    folder = computer.folder / f"mirror-{path.stem}"
    folder.mkdir()
    shutil.copy(path, folder / name)
    return computer.lftp(f"mirror -R {folder} .")


def by_paramiko(computer: Computer, path, name: str) -> Ended:
    try:
        with computer.paramiko() as client:
            client.put(str(path), f"Send Files/{name}")  # confirm=True: it looks at the size afterwards
    except OSError as refusal:
        return Ended(1, str(refusal))
    return Ended(0, "")


def by_sshfs(computer: Computer, path, name: str) -> Ended:
    with computer.sshfs() as mounted:
        return computer.run("cp", path, mounted / "Send Files" / name)


def by_sshfs_as_an_editor_saves(computer: Computer, path, name: str) -> Ended:
    with computer.sshfs() as mounted:
        copied = computer.run("cp", path, mounted / "Send Files" / f".{name}.tmp")
        return (
            copied
            if copied.code
            else computer.run("mv", mounted / "Send Files" / f".{name}.tmp", mounted / "Send Files" / name)
        )


NODE = """
const Client = require('ssh2-sftp-client'), c = new Client();
const [host, port, username, key, from, to] = process.argv.slice(1);
c.connect({host, port, username, privateKey: require('fs').readFileSync(key)})
 .then(() => c.fastPut(from, to)).then(() => c.end()).catch(e => { console.log(e.message); process.exit(1); });
"""


def by_node(computer: Computer, path, name: str) -> Ended:
    words = ["127.0.0.1", computer.port, WHO, computer.folder / "key", path, f"/Send Files/{name}"]
    return computer.run("node", "-e", NODE, *words, env={"NODE_PATH": str(ssh2_sftp_client())})


SFTP, SCP, PSFTP, PSCP = needs("sftp"), needs("scp"), needs("psftp"), needs("pscp")
LFTP, CURL, RCLONE, SSHFS = needs("lftp"), needs("curl"), needs("rclone"), needs("sshfs")
SSH2, ALWAYS = needs("npm"), needs("python3")

LOOKS, DOESNT = True, False  # whether its exit code tells of a refusal that comes with the CLOSE

# (what a person types, how, what must be installed, whether it looks at the answer to its CLOSE)
UPLOADS: list[tuple[str, Put, pytest.MarkDecorator, bool]] = [
    ("sftp put", lambda c, p, n: c.sftp(f'put {p} "Send Files/{n}"'), SFTP, LOOKS),
    ("sftp put -p", lambda c, p, n: c.sftp(f'put -p {p} "Send Files/{n}"'), SFTP, LOOKS),
    ("sftp put -f", lambda c, p, n: c.sftp(f'put -f {p} "Send Files/{n}"'), SFTP, LOOKS),
    ("sftp -B 1000", lambda c, p, n: c.sftp(f'put {p} "Send Files/{n}"', flags=("-B", "1000")), SFTP, LOOKS),
    ("scp", lambda c, p, n: c.scp(p, f"gw:Send Files/{n}"), SCP, LOOKS),
    ("scp -p", lambda c, p, n: c.scp("-p", p, f"gw:Send Files/{n}"), SCP, LOOKS),
    ("psftp put", lambda c, p, n: c.psftp(f'put {p} "Send Files/{n}"'), PSFTP, LOOKS),
    ("pscp -sftp", lambda c, p, n: c.pscp(p, f"gw:Send Files/{n}"), PSCP, DOESNT),
    ("pscp -sftp -p", lambda c, p, n: c.pscp("-p", p, f"gw:Send Files/{n}"), PSCP, DOESNT),
    ("lftp put", lambda c, p, n: c.lftp(f"put {p} -o {n}"), LFTP, LOOKS),
    ("lftp put, temporary names", lambda c, p, n: c.lftp("set xfer:use-temp-file yes", f"put {p} -o {n}"), LFTP, LOOKS),
    ("lftp mirror -R", by_mirror, LFTP, LOOKS),
    ("curl -T", lambda c, p, n: c.curl("-T", p, path=f"Send Files/{n}"), CURL, DOESNT),
    ("rclone copyto", lambda c, p, n: c.rclone("copyto", p, f"gw:Send Files/{n}"), RCLONE, LOOKS),
    ("sshfs, cp", by_sshfs, SSHFS, DOESNT),
    ("sshfs, save and rename", by_sshfs_as_an_editor_saves, SSHFS, LOOKS),
    ("paramiko put", by_paramiko, ALWAYS, LOOKS),
    ("ssh2-sftp-client fastPut", by_node, SSH2, DOESNT),
]  # fmt: skip
ROWS = [pytest.param(put, looks, marks=mark, id=typed) for typed, put, mark, looks in UPLOADS]


def described(request: pytest.FixtureRequest) -> str:
    """Return a description of a test's own, in lower-case letters."""
    word = "".join(c for c in request.node.name.lower() if c.isalpha())
    return word[-50:]


@pytest.mark.parametrize(("put", "looks"), ROWS)
def test_a_file_is_taken_and_the_program_says_so(computer, request, put, looks):
    path = computer.file(described(request))
    ended = put(computer, path, path.name)
    assert ended.code == 0, ended.said
    assert computer.was_taken(path)


@pytest.mark.parametrize(("put", "looks"), ROWS)
def test_a_bad_name_is_not_taken_and_the_program_says_so(computer, request, put, looks):
    name = f"{SCHOOL}_SEN{described(request)}.exe"
    ended = put(computer, computer.file("bad"), name)
    assert ended.code != 0, ended.said
    row = computer.record(name)
    assert row["status"] == "Rejected"
    assert (row["place"] is not None) == ("temporary" in request.node.name or "rename" in request.node.name)


SENTENCES = [
    pytest.param(lambda c, p, n: c.sftp(f'put {p} "Send Files/{n}"'), marks=SFTP, id="sftp"),
    pytest.param(lambda c, p, n: c.scp(p, f"gw:Send Files/{n}"), marks=SCP, id="scp"),
    pytest.param(lambda c, p, n: c.psftp(f'put {p} "Send Files/{n}"'), marks=PSFTP, id="psftp"),
    pytest.param(lambda c, p, n: c.pscp(p, f"gw:Send Files/{n}"), marks=PSCP, id="pscp"),
    pytest.param(lambda c, p, n: c.lftp(f"put {p} -o {n}"), marks=LFTP, id="lftp"),
    pytest.param(lambda c, p, n: c.rclone("copyto", p, f"gw:Send Files/{n}"), marks=RCLONE, id="rclone"),
    pytest.param(by_paramiko, marks=ALWAYS, id="paramiko"),
    pytest.param(by_node, marks=SSH2, id="ssh2-sftp-client"),
]


@pytest.mark.parametrize("put", SENTENCES)
def test_the_sentence_is_shown_by_the_programs_that_show_one(computer, request, put):
    ended = put(computer, computer.file("bad"), f"{SCHOOL}_SEN{described(request)}.exe")
    assert "SEN does not take .exe files" in ended.said


@pytest.mark.parametrize(("put", "looks"), ROWS)
def test_an_empty_file_is_not_taken(computer, request, put, looks):
    path = computer.file(described(request), b"")
    ended = put(computer, path, path.name)
    assert (ended.code != 0) == looks, ended.said
    row = computer.record(path.name)
    assert (row["status"], row["reason"]) == ("Rejected", "empty-file")


# ---- Downloads and lists ----


def fetch_by_paramiko(computer: Computer, remote: str, local) -> Ended:
    with computer.paramiko() as client:
        client.get(remote, str(local))
    return Ended(0, "")


def fetch_by_sshfs(computer: Computer, remote: str, local) -> Ended:
    with computer.sshfs() as mounted:
        return computer.run("cp", mounted / remote, local)


DOWNLOADS = [
    pytest.param(lambda c, r, p: c.sftp(f'get "{r}" {p}'), marks=SFTP, id="sftp get"),
    pytest.param(lambda c, r, p: c.sftp(f'get -p "{r}" {p}'), marks=SFTP, id="sftp get -p"),
    pytest.param(lambda c, r, p: c.scp(f"gw:{r}", p), marks=SCP, id="scp"),
    pytest.param(lambda c, r, p: c.psftp(f'get "{r}" {p}'), marks=PSFTP, id="psftp get"),
    pytest.param(lambda c, r, p: c.pscp(f"gw:{r}", p), marks=PSCP, id="pscp"),
    pytest.param(lambda c, r, p: c.lftp(f"get '/{r}' -o {p}"), marks=LFTP, id="lftp get"),
    pytest.param(lambda c, r, p: c.lftp(f"pget -n 3 '/{r}' -o {p}"), marks=LFTP, id="lftp pget -n 3"),
    pytest.param(lambda c, r, p: c.curl("-o", p, path=r), marks=CURL, id="curl"),
    pytest.param(lambda c, r, p: c.rclone("copyto", f"gw:{r}", p), marks=RCLONE, id="rclone copyto"),
    pytest.param(fetch_by_sshfs, marks=SSHFS, id="sshfs, cp"),
    pytest.param(fetch_by_paramiko, marks=ALWAYS, id="paramiko get"),
]


@pytest.fixture(scope="module")
def sent(computer) -> str:
    """A file that was sent, as a path of the view."""
    path = computer.file("tofetch")
    assert computer.sftp(f'put {path} "Send Files/"').code == 0
    assert computer.was_taken(path)
    return f"{computer.months[0]}/{path.name}"


@pytest.mark.parametrize("get", DOWNLOADS)
def test_a_file_comes_back_byte_for_byte(computer, sent, tmp_path, get):
    ended = get(computer, sent, tmp_path / "back")
    assert ended.code == 0, ended.said
    assert (tmp_path / "back").read_bytes() == WHOLE


LISTS = [
    pytest.param(lambda c, r: c.sftp(f'ls -la "{r}"'), marks=SFTP, id="sftp ls -la"),
    pytest.param(lambda c, r: c.psftp(f'ls "{r}"'), marks=PSFTP, id="psftp ls"),
    pytest.param(lambda c, r: c.lftp(f"ls '/{r}'"), marks=LFTP, id="lftp ls"),
    pytest.param(lambda c, r: c.curl(path=f"{r}/"), marks=CURL, id="curl"),
    pytest.param(lambda c, r: c.rclone("lsl", f"gw:{r}"), marks=RCLONE, id="rclone lsl"),
    pytest.param(
        lambda c, r: c.scp("-r", f"gw:{r}", c.folder / f"listed{time.monotonic_ns()}"), marks=SCP, id="scp -r"
    ),
]


@pytest.mark.parametrize("ls", LISTS)
def test_a_folder_is_listed(computer, sent, ls):
    folder, name = sent.rsplit("/", 1)
    ended = ls(computer, folder)
    assert ended.code == 0, ended.said
    fetched = any(name in os.listdir(p) for p in computer.folder.glob("listed*"))
    assert name in ended.said or fetched


@needs("rclone")
def test_rclone_finds_nothing_to_do_a_second_time(computer, request):
    folder = computer.folder / "twice"
    folder.mkdir()
    shutil.move(computer.file(described(request)), folder)
    first, second = (computer.rclone("copy", "-v", folder, "gw:Send Files") for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert "Copied (new)" in first.said
    assert "Copied" not in second.said, "it stays visible after its CLOSE, with the true size"


@needs("sftp")
def test_the_table_and_the_reason_are_read_like_files(computer, tmp_path):
    assert computer.sftp(f'put {computer.file("x")} "Send Files/{SCHOOL}_SENreason.exe"').code != 0
    rejected = computer.months[1]
    ended = computer.sftp(
        f"get Status.csv {tmp_path}/s", f'get "{rejected}/{SCHOOL}_SENreason.exe.reason.txt" {tmp_path}/r'
    )
    assert ended.code == 0, ended.said
    assert f"{SCHOOL}_SENreason.exe" in (tmp_path / "s").read_text(encoding="utf-8-sig")
    assert "SEN does not take .exe files" in (tmp_path / "r").read_text()


# ---- Taken up again ----


def cut_off(computer: Computer, path, size: int, *, name: str = "") -> None:
    """Leave the first bytes of a file as a broken upload does."""
    with computer.paramiko() as client:
        file = client.open(f"Send Files/{name or path.name}", "wb")
        file.write(WHOLE[:size])
        file.stat()
        client.get_channel().get_transport().close()  # no CLOSE: the connection breaks
    until(lambda: computer.sftp(f'ls -l "Send Files/{name or path.name}"').code == 0, "it was parked")


RESUMES = [
    pytest.param(lambda c, p: c.sftp(f'reput {p} "Send Files/{p.name}"'), marks=SFTP, id="sftp reput"),
    pytest.param(lambda c, p: c.sftp(f'put -a {p} "Send Files/{p.name}"'), marks=SFTP, id="sftp put -a"),
    pytest.param(lambda c, p: c.psftp(f'reput {p} "Send Files/{p.name}"'), marks=PSFTP, id="psftp reput"),
    pytest.param(lambda c, p: c.lftp(f"put -c {p}"), marks=LFTP, id="lftp put -c"),
    pytest.param(lambda c, p: c.curl("-C", "-", "-T", p, path=f"Send Files/{p.name}"), marks=CURL, id="curl -C -"),
]


@pytest.mark.parametrize("resume", RESUMES)
def test_a_broken_upload_goes_on_where_it_ended(computer, request, resume):
    path = computer.file(described(request))
    cut_off(computer, path, 100_000)
    ended = resume(computer, path)
    assert ended.code == 0, ended.said
    assert computer.was_taken(path)


@pytest.mark.parametrize(("put", "looks"), ROWS)
def test_a_broken_upload_may_be_sent_again_from_the_start(computer, request, put, looks):
    path = computer.file(described(request), WHOLE[:50_000] + b"\n%%EOF\n")
    cut_off(computer, path, 150_000)
    ended = put(computer, path, path.name)
    assert ended.code == 0, ended.said
    assert computer.was_taken(path, path.read_bytes())


# ---- Interrupted ----


@contextmanager
def slowly(computer: Computer, path, *, who: str = WHO) -> Iterator[subprocess.Popen]:
    """Start an upload that takes half a minute, and yield when bytes have come."""
    words = ["sftp", "-l", "100", "-B", "8192", "-P", str(computer.port), *computer.ssh_options, f"{who}@127.0.0.1"]
    program = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    with program:
        program.stdin.write(f'put {path} "Send Files/"\n'.encode())
        program.stdin.flush()
        until(lambda: path.name in computer.sftp('ls "Send Files"', who=who).said, "bytes came")
        yield program


@needs("sftp")
def test_a_killed_client_makes_no_file(computer, request):
    path = computer.file(described(request))
    with slowly(computer, path) as program:
        os.killpg(program.pid, signal.SIGKILL)
    assert computer.has_no_record(path.name)


@needs("sftp")
def test_ctrl_c_in_openssh_closes_well_and_what_came_is_held_and_not_routed(computer, request):
    path = computer.file(described(request))
    with slowly(computer, path) as program:
        os.killpg(program.pid, signal.SIGINT)
    row = computer.record(path.name)
    assert (row["status"], row["reason"]) == ("Rejected", "truncated")
    assert row["place"]
    assert not (computer.gateway / "drops" / "SEN" / path.name).exists()


@needs("sftp")
def test_suspending_somebody_ends_their_upload_under_way_and_it_makes_no_file(computer, request):
    path = computer.file(described(request))
    path = path.rename(path.with_name(path.name.replace(SCHOOL, "8301102")))
    suspend = ["admin", "users", "suspend", OTHER, "--reason", "pending investigation"]
    with slowly(computer, path, who=OTHER) as program:
        told = computer.run(sys.executable, "-m", "gateway", "-c", computer.gateway / "gateway.toml", *suspend)
        assert told.code == 0, told.said
        until(lambda: program.poll() is not None, "the session ended", seconds=10)
    assert program.returncode != 0
    assert computer.sftp("ls", who=OTHER).code != 0
    assert computer.has_no_record(path.name)


def test_a_channel_that_ends_without_a_close_makes_no_file(computer, request):
    path = computer.file(described(request))
    with computer.paramiko() as client:
        file = client.open(f"Send Files/{path.name}", "wb")
        file.write(WHOLE)
        file.stat()
        file._closed = True  # it shall not be closed by the garbage collector either
        client.get_channel().close()
    assert computer.has_no_record(path.name)


# ---- Doing things ----


@needs("sftp")
def test_removing_a_sent_file_recalls_it_and_a_second_time_says_so(computer, request):
    path = computer.file(described(request))
    assert computer.sftp(f'put {path} "Send Files/"').code == 0
    assert computer.was_taken(path)
    there = f"{computer.months[0]}/{path.name}"
    assert computer.sftp(f'rm "{there}"').code == 0
    assert computer.record(path.name)["status"] == "Recalled"
    assert computer.sftp(f'rm "{there}"').code != 0
    assert not (computer.gateway / "drops" / "SEN" / path.name).exists()


@needs("sftp")
def test_renaming_a_rejected_file_sends_it(computer, request):
    good = computer.file(described(request))
    bad = good.name.replace("_SEN", "_SEND")
    done = computer.sftp(f'put {good} "Send Files/{bad}.part"', f'rename "Send Files/{bad}.part" "Send Files/{bad}"')
    assert done.code != 0
    assert computer.record(bad)["place"]
    rejected = computer.months[1]
    assert computer.sftp(f'rename "{rejected}/{bad}" "{rejected}/{good.name}"').code == 0
    assert computer.was_taken(good)


@needs("sftp")
def test_an_officer_reads_rejects_and_hands_on(computer, request, tmp_path):
    paths = [computer.file(described(request) + letter) for letter in "abc"]
    assert computer.sftp(*(f'put {path} "Send Files/"' for path in paths)).code == 0
    for path in paths:
        assert computer.was_taken(path)
    inbox = "SEN/Inbox/8302000 Leys Junior School"
    read, rejected, handed_on = paths
    officer = computer.sftp(
        f'get "{inbox}/{read.name}" {tmp_path}/read',
        f'rename "{inbox}/{rejected.name}" "SEN/Rejected/{rejected.name} [wrong pupil]"',
        f'rename "{inbox}/{handed_on.name}" "SEN/Not Ours/INFO/{handed_on.name}"',
        who="nadia.rowbotham",
    )
    assert officer.code == 0, officer.said
    assert computer.record(read.name)["received_by_user"] == "nadia.rowbotham"
    assert (computer.record(rejected.name)["status"], computer.record(rejected.name)["detail"]) == (
        "Rejected",
        "wrong pupil",
    )
    assert computer.record(handed_on.name)["service"] == "INFO"


@needs("rclone")
def test_an_officer_hands_files_of_one_name_on_with_rclone_and_each_ends_well(computer, request):
    """It looks for what it moved, and before the second removes what it sees of the first."""
    inbox, to = "gw:SEN/Inbox/8302000 Leys Junior School", "gw:SEN/Not Ours/INFO"
    path = computer.file(described(request))
    for content in (WHOLE, WHOLE + b"more"):
        path.write_bytes(content)
        assert computer.rclone("copyto", path, f"gw:Send Files/{path.name}").code == 0
        assert computer.was_taken(path, content)
        ended = computer.rclone("moveto", f"{inbox}/{path.name}", f"{to}/{path.name}", who="nadia.rowbotham")
        assert ended.code == 0, ended.said
        assert computer.record(path.name)["service"] == "INFO"


@needs("sftp")
@pytest.mark.parametrize(
    "command", ['mkdir "Send Files"', 'mkdir "Send Files/2026"', 'rmdir "Send Files"', "chmod 600 Status.csv", "df"]
)
def test_what_openssh_asks_beside(computer, command):
    ended = computer.sftp(command)
    assert (ended.code == 0) == (command in ("chmod 600 Status.csv", "df", 'mkdir "Send Files"')), ended.said


@needs("sftp")
@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ('rmdir "Send Files"', "Folders can't be removed here."),
        ("ln -s Status.csv here", "Links are not known here."),
        ("mkdir more", "Folders can't be made here."),
        ("put known_hosts /", "Files can be put into Send Files only,"),
        ("rm Status.csv", "Nothing can be removed here."),
        ("rename Status.csv mine.csv", "Only these can be renamed:"),
    ],
)
def test_openssh_shows_the_sentence_of_what_is_refused(computer, command, sentence):
    ended = computer.sftp(command)
    assert ended.code != 0
    assert sentence in ended.said


# ---- Stand-ins for what can't run here ----


def test_winscp_above_100_kb_writes_a_filepart_then_deletes_and_renames(computer, request):
    """WinSCP: OPEN NAME.filepart, WRITE, FSETSTAT, CLOSE, REMOVE NAME (not there), RENAME, SETSTAT."""
    path = computer.file(described(request))
    with computer.paramiko() as client:
        client.chdir("Send Files")
        with pytest.raises(FileNotFoundError):
            client.stat(path.name)
        with client.open(f"{path.name}.filepart", "wb") as file:
            file.set_pipelined(True)
            file.write(WHOLE)
            file.chmod(0o644)
            file.utime((1_500_000_000, 1_500_000_000))
        with pytest.raises(FileNotFoundError):
            client.remove(path.name)
        client.rename(f"{path.name}.filepart", path.name)
        client.utime(path.name, (1_500_000_000, 1_500_000_000))
        assert client.stat(path.name).st_size == len(WHOLE)
        assert client.stat(path.name).st_mtime > 1_700_000_000, "the time is ours"
    assert computer.was_taken(path)


def test_winscp_goes_on_with_its_filepart(computer, request):
    """It opens without TRUNC and without APPEND, and writes behind what STAT told it."""
    path = computer.file(described(request))
    cut_off(computer, path, 120_000, name=f"{path.name}.filepart")
    with computer.paramiko() as client:
        client.chdir("Send Files")
        size = client.stat(f"{path.name}.filepart").st_size
        assert size == 120_000
        with client.open(f"{path.name}.filepart", "r+b") as file:
            file.seek(size)
            file.write(WHOLE[size:])
        client.rename(f"{path.name}.filepart", path.name)
    assert computer.was_taken(path)


def test_rclone_from_1_63_writes_a_partial_then_renames_over_what_is_there(computer, request):
    """rclone: OPEN NAME.XXXXXX.partial, WRITE, CLOSE, SETSTAT, posix-rename, STAT."""
    path = computer.file(described(request))
    with computer.paramiko() as client:
        for _ in range(2):
            partial = f"Send Files/{path.name}.1a2b3c.partial"
            with client.open(partial, "wb") as file:
                file.write(WHOLE)
            client.utime(partial, (1_500_000_000, 1_500_000_000))
            assert client.stat(partial).st_size == len(WHOLE)
            client.posix_rename(partial, f"Send Files/{path.name}")
            assert client.stat(f"Send Files/{path.name}").st_size == len(WHOLE)
    assert computer.was_taken(path)


def test_rclone_removes_its_partial_when_something_went_wrong(computer, request):
    path = computer.file(described(request))
    with computer.paramiko() as client:
        partial = f"Send Files/{path.name}.1a2b3c.partial"
        with client.open(partial, "wb") as file:
            file.write(WHOLE[:1000])
        client.remove(partial)
        with pytest.raises(FileNotFoundError):
            client.stat(partial)
    assert computer.has_no_record(path.name)


def test_filezilla_uses_several_connections_and_writes_straight_to_the_name(computer, request):
    """FileZilla: one connection to look, others to transfer; SETSTAT of the time afterwards."""
    paths = [computer.file(described(request) + letter) for letter in "abcd"]
    clients = [computer.paramiko() for _ in range(5)]
    looking, *sending = [client.__enter__() for client in clients]
    files = [client.open(f"Send Files/{path.name}", "wb") for client, path in zip(sending, paths, strict=True)]
    for start in range(0, len(WHOLE), 32_768):
        for file in files:
            file.write(WHOLE[start : start + 32_768])
    assert {path.name for path in paths} <= set(looking.listdir("Send Files"))
    for client, file, path in zip(sending, files, paths, strict=True):
        file.close()
        client.utime(f"Send Files/{path.name}", (1_500_000_000, 1_500_000_000))
    for client in clients:
        client.__exit__(None, None, None)
    for path in paths:
        assert computer.was_taken(path)


def test_old_go_programs_pad_their_last_write(computer, request):
    """pkg/sftp before 1.13.6: stale bytes behind the data of a WRITE, within its packet."""
    path = computer.file(described(request))
    with computer.paramiko() as client:
        file = client.open(f"Send Files/{path.name}", "wb")
        for start in range(0, len(WHOLE), 32_768):
            piece = WHOLE[start : start + 32_768]
            pad = _Padding(b"\0" * (32_768 - len(piece)))
            client._request(paramiko.sftp.CMD_WRITE, file.handle, paramiko.sftp.int64(start), piece, pad)
        file.close()
    assert computer.was_taken(path)


class _Padding(paramiko.sftp_attr.SFTPAttributes):
    """Bytes that paramiko puts at the end of a packet as they are."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data

    def _pack(self, message: paramiko.Message) -> None:
        message.add_bytes(self.data)
