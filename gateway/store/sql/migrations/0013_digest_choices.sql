-- Who of a school's staff chose the daily email of new documents; headteachers get it anyway.

CREATE TABLE digest_choices (
    username TEXT PRIMARY KEY REFERENCES accounts (username),
    chosen_at TEXT NOT NULL
);
