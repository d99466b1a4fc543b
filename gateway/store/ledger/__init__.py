"""The ledger: the truth about every file, drop, notice and person, behind the port `Ledger`."""

from gateway.store.ledger.whole import SqliteLedger, open_ledger

__all__ = ["SqliteLedger", "open_ledger"]
