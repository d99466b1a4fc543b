-- Where no drop names a folder by its whole path, as the first versions did, nothing is to be put right (foldernames).

INSERT INTO marks (name, value)
SELECT 'folders-named', 'never needed'
WHERE NOT EXISTS (SELECT 1 FROM drops WHERE target LIKE 'folder:/%')
    AND NOT EXISTS (SELECT 1 FROM marks WHERE name = 'folders-named');
