-- What an Inbox shows stands in its index, by service and school, with every column of the query `listed`: one school's
-- room costs what that school sent to that service, and not all that it sent to anybody.

CREATE INDEX files_in_inbox ON files (
    service, school, sent_at, id, name, status, sent_by_user, size, place, private, delivered_at, destroying_at
) WHERE place IS NOT NULL AND delivered_at IS NOT NULL;

-- A service's Status.csv is of one academic year: it costs what came since, and not the seven years before.
CREATE INDEX files_by_service_and_time ON files (service, sent_at);
