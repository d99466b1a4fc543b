-- What SQLite's planner believes of requests (see 0003): a few are open, each of a few hundred schools.

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('requests', 'sqlite_autoindex_requests_1', '200 1'),
    ('requests', 'requests_by_close', '200 5 1'),
    ('request_schools', 'sqlite_autoindex_request_schools_1', '50000 300 1'),
    ('request_answers', 'sqlite_autoindex_request_answers_1', '50000 300 1');
