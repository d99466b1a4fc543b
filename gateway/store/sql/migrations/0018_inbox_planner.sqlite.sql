-- What SQLite's planner believes of the indexes of Inboxes and of their tables (see 0003).

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('files', 'files_in_inbox', '40000 1500 8 2 1'),
    ('files', 'files_by_service_and_time', '1000000 40000 2');
