-- Files that wait for their service: what is looked at again and again.

CREATE INDEX files_waiting ON files (status, id) WHERE status = 'Sent' AND place IS NOT NULL;
