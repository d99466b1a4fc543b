"""Real mail programs from Debian at the email door; each is skipped by name where it is not installed."""

import asyncio
import shutil
import subprocess
from email import message_from_bytes
from email.policy import default

import pytest

from tests.inbound.smtp.house import HEAD, PASSWORD, certificate, house

pytestmark = pytest.mark.clients
BODY = "Dear team,\n.a line that begins with a dot\n..\nThe end.\n"


async def run(*command, typed=""):
    """Run a program; return its exit code and what it said."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await program.communicate(typed.encode())
    return program.returncode, said.decode(errors="replace")


def the_one(home):
    ((envelope, data),) = home.spool.sealed.values()
    assert (envelope.username, envelope.verified_by) == ("head", "password")
    return data


def swaks(home, name, *more):
    host, port = home.place(name)
    return ["swaks", "--server", host, "--port", port, "--from", HEAD.email, "--to", "files@gateway.test", *more]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize(("name", "tls"), [("smtp", "--tls"), ("smtps", "--tls-on-connect")])
async def test_swaks_delivers_an_attachment(name, tls, mechanism, tmp_path):
    file = tmp_path / "8302000_SENreport20261122.pdf"
    file.write_bytes(bytes(range(256)) * 2000)
    async with house() as home:
        login = ["--auth", mechanism, "--auth-user", "head", "--auth-password", PASSWORD]
        code, said = await run(*swaks(home, name, tls, *login, "--attach", f"@{file}"))
        assert code == 0, said
        assert "250 2.0.0 Accepted as" in said
        assert b"8302000_SENreport20261122.pdf" in the_one(home)


async def test_swaks_is_refused_without_login_with_a_sentence():
    async with house() as home:
        code, said = await run(*swaks(home, "smtp", "--tls"))
        assert code != 0
        assert "530 5.7.0 Please sign in" in said


async def test_swaks_does_not_say_a_password_on_an_open_line():
    async with house() as home:
        login = ["--auth", "LOGIN", "--auth-user", "head", "--auth-password", PASSWORD]
        code, _ = await run(*swaks(home, "smtp", *login))
        assert code != 0
        assert home.passwords.asked == []


async def test_swaks_waits_for_answers_even_when_it_may_send_ahead():
    async with house() as home:
        login = ["--auth", "PLAIN", "--auth-user", "head", "--auth-password", PASSWORD]
        code, said = await run(*swaks(home, "smtp", "--tls", "--pipeline", *login))
        assert code == 0, said


async def test_msmtp_delivers_every_byte():
    async with house() as home:
        _, port = home.place("smtp")
        options = ["--host=localhost", f"--port={port}", "--auth=on", "--user=head", f"--passwordeval=echo {PASSWORD}"]
        trust = ["--tls=on", f"--tls-trust-file={certificate()[0]}", f"--from={HEAD.email}"]
        mail = f"From: {HEAD.email}\nSubject: x\n\n{BODY}"
        code, said = await run("msmtp", "--file=/dev/null", *options, *trust, "files@gateway.test", typed=mail)
        assert code == 0, said
        assert the_one(home).endswith(BODY.replace("\n", "\r\n").encode())


async def test_s_nail_delivers_every_byte():
    async with house() as home:
        _, port = home.place("smtps")
        settings = {
            "v15-compat": "yes",
            "mta": f"smtps://head:{PASSWORD}@localhost:{port}",
            "smtp-auth": "plain",
            "from": HEAD.email,
            "tls-ca-file": certificate()[0],
            "DEAD": "/dev/null",
        }
        options = [word for key, value in settings.items() for word in ("-S", f"{key}={value}")]
        command = ["s-nail", "-:/", *options, "-r", HEAD.email, "-s", "x", "files@gateway.test"]
        code, said = await run(*command, typed=BODY)
        assert code == 0, said
        assert b"\r\n.a line that begins with a dot\r\n..\r\nThe end.\r\n" in the_one(home)


async def test_curl_delivers_every_byte(tmp_path):
    file = tmp_path / "mail"
    file.write_bytes(f"From: {HEAD.email}\r\nSubject: x\r\n\r\n".encode() + b"z" * 300_000 + b"\r\n.\r\n..end\r\n")
    async with house() as home:
        _, port = home.place("smtp")
        code, said = await run(
            *("curl", "-sS", f"smtp://localhost:{port}", "--ssl-reqd", "--cacert", certificate()[0]),
            *("--user", f"head:{PASSWORD}", "--mail-from", HEAD.email, "--mail-rcpt", "files@gateway.test", "-T", file),
        )
        assert code == 0, said
        assert the_one(home) == file.read_bytes()


NODEMAILER = """
const mail = require("nodemailer").createTransport({
  host: "localhost", port: Number(process.argv[2]), secure: process.argv[3] === "smtps", requireTLS: true,
  auth: { user: "head", pass: process.argv[4] }, tls: { ca: require("fs").readFileSync(process.argv[5]) },
});
mail.sendMail({
  from: process.argv[6], to: "files@gateway.test", subject: "A file", text: "Dear team,\\n.a dot\\n..\\nThe end.",
  attachments: [{ path: process.argv[7] }],
}).then((sent) => console.log(sent.response), (error) => { console.log(error.message); process.exitCode = 1; });
"""


@pytest.fixture(scope="module")
def nodemailer(tmp_path_factory):
    """A folder with nodemailer, from the npm registry."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("nodemailer")
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "nodemailer@7"]
    if subprocess.run(install, cwd=folder, capture_output=True, timeout=60).returncode != 0:
        pytest.skip("nodemailer can't be had from the npm registry")
    (folder / "send.js").write_text(NODEMAILER)
    return folder / "send.js"


@pytest.mark.parametrize("name", ["smtp", "smtps"])
async def test_nodemailer_delivers_an_attachment(name, nodemailer, tmp_path):
    file = tmp_path / "8302000_SENreport20261122.pdf"
    file.write_bytes(bytes(range(256)) * 2000)
    async with house() as home:
        _, port = home.place(name)
        code, said = await run("node", nodemailer, port, name, PASSWORD, certificate()[0], HEAD.email, file)
        assert code == 0, said
        assert "250 2.0.0 Accepted as" in said
        message = message_from_bytes(the_one(home), policy=default)
    assert [part.get_content() for part in message.iter_attachments()] == [file.read_bytes()]
    assert message.get_body(("plain",)).get_content().splitlines() == ["Dear team,", ".a dot", "..", "The end."]
