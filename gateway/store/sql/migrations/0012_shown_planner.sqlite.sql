-- What SQLite's planner believes of the index of what is shown (see 0003).

DELETE FROM sqlite_stat1 WHERE idx = 'files_held_by_school';

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('files', 'files_shown', '40000 90 2 1');
