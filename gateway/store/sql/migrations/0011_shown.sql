-- What a school's month shows stands in its index, with every column of the query `listed`: a row of the table lies on a
-- page of its own, among those of other schools.

DROP INDEX files_held_by_school;

CREATE INDEX files_shown ON files (
    school, sent_at, id, name, service, status, sent_by_user, size, place, private, delivered_at, destroying_at
) WHERE place IS NOT NULL;
