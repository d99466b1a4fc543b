-- What SQLite's planner believes of the index of files that wait (see 0003): few, whatever the years.

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('files', 'files_waiting', '5000 5000 1');
