-- What SQLite's planner believes of the table that grows for years: a million records of files, of which those of the
-- last months hold bytes. Written down once instead of measured, so that a plan is the same on the first day and in the
-- seventh year. Each row: rows in the index, then rows for one value of its first column, of its first two …

ANALYZE sqlite_schema;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('files', 'sqlite_autoindex_files_1', '1000000 1'),
    ('files', 'files_by_submission', '1000000 2'),
    ('files', 'files_by_school', '1000000 2000 1'),
    ('files', 'files_by_school_and_time', '1000000 2000 2'),
    ('files', 'files_by_service', '1000000 40000 1'),
    ('files', 'files_by_status', '1000000 250000 1'),
    ('files', 'files_by_time', '1000000 2'),
    ('files', 'files_by_sender', '1000000 1000'),
    ('files', 'files_by_sender_name', '1000000 1000'),
    ('files', 'files_held_by_school', '40000 90 1'),
    ('files', 'files_held_by_name', '40000 90 1 1'),
    ('files', 'files_held_by_service', '40000 1500 1'),
    ('files', 'files_due', '40000 1 1'),
    ('files', 'files_destroying', '10 1');
