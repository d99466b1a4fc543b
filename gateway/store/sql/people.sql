-- People: schools, accounts, and who came in.

-- name: put_school
INSERT INTO schools (number, name, urn, phase, status, closed_on)
VALUES (:number, :name, :urn, :phase, :status, :closed_on)
ON CONFLICT (number) DO UPDATE SET
    name = excluded.name, urn = excluded.urn, phase = excluded.phase, status = excluded.status,
    closed_on = excluded.closed_on

-- name: put_succession
INSERT INTO successions (old, new, until) VALUES (:old, :new, :until)
ON CONFLICT (old) DO UPDATE SET new = excluded.new, until = excluded.until

-- name: schools
SELECT number, name, urn, phase, status, closed_on FROM schools ORDER BY number

-- name: successions
SELECT old, new, until FROM successions ORDER BY old

-- name: accounts
SELECT
    username, forename, surname, email, role, state, password_hash, password_set_at, activated_at, policy_version,
    is_stale, requested_at, requested_by, verified_at, verified_by, evidence, code
FROM accounts ORDER BY username

-- name: account
SELECT
    username, forename, surname, email, role, state, password_hash, password_set_at, activated_at, policy_version,
    is_stale, requested_at, requested_by, verified_at, verified_by, evidence, code
FROM accounts WHERE username = :username

-- name: schools_of_account
SELECT school FROM account_schools WHERE username = :username ORDER BY position

-- name: services_of_account
SELECT service FROM account_services WHERE username = :username ORDER BY position

-- name: keys_of_account
SELECT line FROM account_keys WHERE username = :username ORDER BY position

-- name: account_schools
SELECT username, school FROM account_schools ORDER BY username, position

-- name: account_services
SELECT username, service FROM account_services ORDER BY username, position

-- name: account_keys
SELECT username, line FROM account_keys ORDER BY username, position

-- name: account_before
SELECT password_hash, policy_version, state FROM accounts WHERE username = :username

-- name: holder_of_address
SELECT username FROM accounts WHERE email_key = :email_key AND email_key <> '' AND username <> :username

-- name: insert_account
INSERT INTO accounts (
    username, forename, surname, email, email_key, role, state, password_hash, password_set_at, activated_at,
    policy_version, is_stale, requested_at, requested_by, verified_at, verified_by, evidence, code, added_at
) VALUES (
    :username, :forename, :surname, :email, :email_key, :role, :state, :password_hash, :password_set_at,
    :activated_at, :policy_version, :is_stale, :requested_at, :requested_by, :verified_at, :verified_by, :evidence,
    :code, :at
)

-- name: change_account
UPDATE accounts SET
    forename = :forename, surname = :surname, email = :email, email_key = :email_key, role = :role, state = :state,
    password_hash = :password_hash, password_set_at = :password_set_at, activated_at = :activated_at,
    policy_version = :policy_version, is_stale = :is_stale, requested_at = :requested_at,
    requested_by = :requested_by, verified_at = :verified_at, verified_by = :verified_by, evidence = :evidence,
    code = :code
WHERE username = :username

-- name: put_code
UPDATE accounts SET code = :code WHERE username = :username

-- name: forget_account_schools
DELETE FROM account_schools WHERE username = :username

-- name: forget_account_services
DELETE FROM account_services WHERE username = :username

-- name: forget_account_keys
DELETE FROM account_keys WHERE username = :username

-- name: insert_account_school
INSERT INTO account_schools (username, position, school) VALUES (:username, :position, :value)

-- name: insert_account_service
INSERT INTO account_services (username, position, service) VALUES (:username, :position, :value)

-- name: insert_account_key
INSERT INTO account_keys (username, position, line) VALUES (:username, :position, :value)

-- name: insert_password_hash
INSERT INTO password_hashes (username, hash, set_at) VALUES (:username, :hash, :set_at)
ON CONFLICT (username, hash) DO NOTHING

-- name: insert_policy_acceptance
INSERT INTO policy_acceptances (username, version, accepted_at, actor, how, digest, peer)
VALUES (:username, :version, :at, :actor, :how, :digest, :peer)
ON CONFLICT (username, version, accepted_at) DO NOTHING

-- name: agreements
SELECT version, digest, accepted_at, how, peer FROM policy_acceptances WHERE username = :username
ORDER BY accepted_at DESC, version DESC

-- name: password_hashes
SELECT hash FROM password_hashes WHERE username = :username ORDER BY set_at DESC, hash

-- name: rehash_history
UPDATE password_hashes SET hash = :new WHERE username = :username AND hash = :old

-- name: rehash_account
UPDATE accounts SET password_hash = :new WHERE username = :username AND password_hash = :old

-- name: put_policy
INSERT INTO policy_texts (version, digest, text, since) VALUES (:version, :digest, :text, :since)
ON CONFLICT (version, digest) DO UPDATE SET since = excluded.since

-- name: policies
SELECT version, digest, text, since FROM policy_texts ORDER BY since DESC, version DESC, digest

-- name: insert_login
INSERT INTO logins (username, at, peer, how) VALUES (:username, :at, :peer, :how)

-- name: put_last_login
INSERT INTO last_logins (username, at) VALUES (:username, :at)
ON CONFLICT (username) DO UPDATE SET at = excluded.at WHERE excluded.at > last_logins.at

-- name: last_logins
SELECT username, at FROM last_logins ORDER BY username

-- name: bump_directory
UPDATE counters SET value = value + 1 WHERE name = 'directory'

-- name: directory_version
SELECT value FROM counters WHERE name = 'directory'
