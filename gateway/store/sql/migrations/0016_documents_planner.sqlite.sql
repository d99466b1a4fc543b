-- What SQLite's planner believes of documents (see 0003): of the records of years, those of the last months are shown.

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('documents', 'sqlite_autoindex_documents_1', '1000000 1'),
    ('documents', 'documents_by_submission', '1000000 1'),
    ('documents', 'documents_by_publication', '1000000 2'),
    ('documents', 'documents_by_state', '1000000 250000 1'),
    ('documents', 'documents_by_publisher', '1000000 10000 1'),
    ('documents', 'documents_by_time', '1000000 2'),
    ('documents', 'documents_by_place', '40000 1'),
    ('documents', 'documents_by_content', '40000 1 1'),
    ('documents', 'documents_by_name', '40000 10000 10 8'),
    ('documents', 'documents_due', '40000 1 1'),
    ('documents', 'documents_destroying', '10 1'),
    ('document_schools', 'sqlite_autoindex_document_schools_1', '2000000 2 1'),
    ('document_schools', 'document_schools_shown', '80000 180 1'),
    ('document_schools', 'document_schools_by_school', '2000000 4500 1'),
    ('document_readings', 'sqlite_autoindex_document_readings_1', '2000000 4 2 1');
