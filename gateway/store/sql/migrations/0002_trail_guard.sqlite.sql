-- Rows of the trail are added and never changed. The words beside them may be erased, and not rewritten.

CREATE TRIGGER trail_is_never_changed BEFORE UPDATE ON trail
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER trail_is_never_shortened BEFORE DELETE ON trail
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER trail_words_are_never_rewritten BEFORE UPDATE ON trail_words
BEGIN
    SELECT RAISE(ABORT, 'words beside the audit trail are erased, never rewritten');
END;
