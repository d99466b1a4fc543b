"""The secret of reply addresses: made once, read by its owner alone, and never made anew in silence."""

import os
from pathlib import Path

import pytest

from gateway.errors import Permanent
from gateway.store.disk import PosixDisk
from gateway.store.secret import SIZE, SecretFile
from tests.fakes import WAYS_TO_DIE, Died, dying


def test_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "reply.key"
    secret = SecretFile(str(path), PosixDisk())()
    assert len(secret) == SIZE
    assert path.stat().st_mode & 0o777 == 0o600
    assert SecretFile(str(path), PosixDisk())() == secret
    assert os.listdir(tmp_path) == ["reply.key"]


def test_is_not_touched_before_it_is_needed(tmp_path: Path) -> None:
    SecretFile(str(tmp_path / "reply.key"), PosixDisk())
    assert os.listdir(tmp_path) == []


def test_two_deployments_have_two(tmp_path: Path) -> None:
    assert SecretFile(str(tmp_path / "one"), PosixDisk())() != SecretFile(str(tmp_path / "two"), PosixDisk())()


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_one_is_said_to_be_so_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reply.key"
    path.write_bytes(content)
    with pytest.raises(Permanent, match="is damaged"):
        SecretFile(str(path), PosixDisk())()
    assert path.read_bytes() == content


@pytest.mark.parametrize("way", WAYS_TO_DIE)
def test_a_stop_while_it_is_made_leaves_none_or_a_whole_one(tmp_path: Path, way: str) -> None:
    for n in range(8):
        folder = tmp_path / str(n)
        folder.mkdir()
        disk = dying(way, at=n, graveyard=tmp_path / "graves" / str(n))
        try:
            first = SecretFile(str(folder / "reply.key"), disk)()
        except Died:
            first = b""
        if not disk.is_dead:
            disk.die()
        again = SecretFile(str(folder / "reply.key"), PosixDisk())()
        assert len(again) == SIZE
        assert first in (b"", again)
