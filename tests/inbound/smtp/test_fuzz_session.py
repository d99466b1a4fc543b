"""A short run of the session fuzzer; `make fuzz` has the long one."""

from tests.inbound.smtp.fuzz_session import fuzz


def test_odd_sessions_break_no_promise():
    heard = fuzz(count=150, seed=20261122)
    assert heard["250"] > 100
    assert heard["354"] > 10
