-- One text for both databases. `:name` is a parameter; `IN :names` takes a list; `EACH(:name type ...)` takes a list of
-- tuples and is a table `wanted` with the columns c1, c2, ... Instants are microseconds, UTC.

-- name: head
SELECT log_position, recorded_at FROM ledger_head WHERE single = 1

-- name: migrated
SELECT max(number) FROM ledger_migrations

-- name: identity
SELECT deployment, epoch FROM ledger_identity WHERE single = 1

-- name: move_head
UPDATE ledger_head SET log_position = :log_position, recorded_at = :recorded_at WHERE single = 1

-- name: lock_head
-- PostgreSQL only: SQLite's BEGIN IMMEDIATE has locked everything already.
SELECT log_position, recorded_at FROM ledger_head WHERE single = 1 FOR UPDATE

-- name: count
SELECT count(*) FROM stored_events

-- name: position
SELECT max(position) FROM stored_events WHERE organisation_id = :organisation_id

-- name: positions_of
-- The last positions of some organisations.
SELECT c1, (SELECT max(position) FROM stored_events WHERE organisation_id = c1) FROM EACH(:wanted uuid)

-- name: positions
-- The organisation's last event, and the log's end.
SELECT position, notification_id, stored_events.recorded_at, log_position
FROM ledger_head LEFT JOIN stored_events ON organisation_id = :organisation_id
    AND position = (SELECT max(position) FROM stored_events WHERE organisation_id = :organisation_id)
WHERE single = 1

-- name: position_at
-- The organisation's position at a log position: from its end backwards, which finds a recent one at once.
SELECT max(position) FROM (
    SELECT position FROM stored_events WHERE organisation_id = :organisation_id AND notification_id <= :upto
    ORDER BY position DESC LIMIT 1
) AS latest

-- name: event_at
-- The organisation's event at a position, and whether the next one was recorded with it.
SELECT position, notification_id, recorded_at, recorded_at = (
    SELECT recorded_at FROM stored_events WHERE organisation_id = :organisation_id AND position = :position + 1
) FROM stored_events WHERE organisation_id = :organisation_id AND position = :position

-- name: last_event
-- The organisation's last event up to a log position and an instant, and whether the next one was recorded with it.
-- Found by halving: no position is missing, and recorded_at never falls.
WITH RECURSIVE halving (low, high) AS (
    SELECT max(position) - max(position), max(position) FROM stored_events WHERE organisation_id = :organisation_id
    UNION ALL
    SELECT CASE WHEN notification_id <= :upto AND recorded_at <= :instant THEN position ELSE low END,
        CASE WHEN notification_id <= :upto AND recorded_at <= :instant THEN high ELSE position - 1 END
    FROM halving JOIN stored_events ON organisation_id = :organisation_id AND position = (low + high + 1) / 2
    WHERE low < high
)
SELECT position, notification_id, recorded_at, recorded_at = (
    SELECT recorded_at FROM stored_events AS later
    WHERE later.organisation_id = :organisation_id AND later.position = stored_events.position + 1
) FROM stored_events WHERE organisation_id = :organisation_id AND position = (SELECT max(low) FROM halving)

-- name: stream
-- One whole stream, as far as the log position `upto`.
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE originator_id = :stream_id AND organisation_id = :organisation_id AND notification_id <= :upto
ORDER BY originator_version

-- name: stream_end
-- The last event of one stream, as far as the log position `upto`.
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE originator_id = :stream_id AND organisation_id = :organisation_id AND notification_id <= :upto
ORDER BY originator_version DESC LIMIT 1

-- name: stream_event
-- Whether one stream holds an event whose stored state begins so; nothing is decoded.
SELECT originator_version FROM stored_events
WHERE originator_id = :stream_id AND organisation_id = :organisation_id AND notification_id <= :upto
    AND substr(state, 1, :length) = :beginning
ORDER BY originator_version LIMIT 1

-- name: stream_after
-- The events of one stream after a version.
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE originator_id = :stream_id AND originator_version > :version AND organisation_id = :organisation_id
ORDER BY originator_version

-- name: streams_of
-- Some whole streams, of any organisation.
SELECT originator_id, originator_version, topic, state, organisation_id
FROM EACH(:wanted uuid) JOIN stored_events ON originator_id = c1 ORDER BY originator_id, originator_version

-- name: taken
-- Does this stream belong to another organisation?
SELECT 1 FROM stored_events
WHERE originator_id = :stream_id AND originator_version = 1 AND organisation_id <> :organisation_id

-- name: streams
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE originator_id IN :stream_ids AND notification_id <= :upto ORDER BY notification_id

-- name: changed
-- Streams that have grown behind a log position, of all organisations: what a cache must drop.
SELECT DISTINCT organisation_id, originator_id FROM stored_events WHERE notification_id > :after AND organisation_id IS NOT NULL

-- name: grown
-- The events behind a log position, of all organisations: what a cache must apply.
SELECT originator_id, originator_version, topic, state, organisation_id, position FROM stored_events
WHERE notification_id > :after AND organisation_id IS NOT NULL ORDER BY notification_id

-- name: read
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE notification_id > :after ORDER BY notification_id LIMIT :limit

-- name: feed
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE organisation_id = :organisation_id AND position > :after AND position <= :upto
    AND (:any_type OR topic IN :types) AND (:any_subject OR originator_id = :subject)
ORDER BY position LIMIT :limit

-- name: notifications
-- The library's select_notifications, for a table whose position has a name.
SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events
WHERE notification_id >= :first AND notification_id <= :last AND (:any_topic OR topic IN :topics)
ORDER BY notification_id LIMIT :limit

-- name: live
-- The goals that are live promises of one owner.
SELECT goal_id FROM ledger_standing WHERE organisation_id = :organisation_id AND live_owner = :owner

-- name: owners
-- The owners of whose live promises some goals are.
SELECT live_owner FROM ledger_standing
WHERE organisation_id = :organisation_id AND goal_id IN :goal_ids AND live_owner IS NOT NULL

-- name: due
SELECT organisation_id, goal_id FROM ledger_standing
WHERE next_timer <= :until ORDER BY next_timer, goal_id LIMIT :limit

-- name: recheck
-- What the index says is a lower bound, so that an earlier instant is none the less true.
UPDATE ledger_standing SET next_timer = :now WHERE organisation_id = :organisation_id AND next_timer > :now

-- name: answers
SELECT c1, c2, c3, digest, answer FROM EACH(:wanted uuid text text)
JOIN ledger_idempotency ON organisation_id = c1 AND scope = c2 AND key = c3
-- `+ 0`: by their age there are thousands. A plan that was made while the table was empty, and is kept, must not go there.
WHERE created_at + 0 > :since

-- name: purge_answers
DELETE FROM ledger_idempotency WHERE created_at <= :until

-- name: imported
-- Which of some rows were imported before.
SELECT c1, c2 FROM EACH(:wanted uuid text) JOIN ledger_import_rows ON organisation_id = c1 AND import_row = c2

-- name: imports
-- A page of the identities of imported rows.
SELECT import_row FROM ledger_import_rows
WHERE organisation_id = :organisation_id AND import_row > :after ORDER BY import_row LIMIT :limit

-- name: stream_ids
SELECT originator_id FROM stored_events
WHERE organisation_id = :organisation_id AND position <= :upto AND originator_version = 1

-- name: streams_begun
SELECT originator_id, topic FROM stored_events
WHERE organisation_id = :organisation_id AND position <= :upto AND originator_version = 1 ORDER BY position

-- name: key_by_digest
SELECT key_id, organisation_id, member_id, scopes, expires_at, revoked_at, last_used_at FROM ledger_keys
WHERE digest = :digest

-- name: keys_by_digest
SELECT digest, key_id, organisation_id, member_id, scopes, created_at, expires_at, revoked_at, last_used_at FROM ledger_keys
WHERE digest IN :digests

-- name: keys
SELECT key_id, member_id, scopes, name, created_at, expires_at, last_used_at, revoked_at FROM ledger_keys
WHERE organisation_id = :organisation_id ORDER BY created_at, key_id

-- name: organisation_of_key
SELECT organisation_id FROM ledger_keys WHERE key_id = :key_id

-- name: create_key
INSERT INTO ledger_keys (key_id, organisation_id, member_id, name, scopes, digest, created_at, expires_at)
VALUES (:key_id, :organisation_id, :member_id, :name, :scopes, :digest, :created_at, :expires_at)

-- name: revoke_key
UPDATE ledger_keys SET revoked_at = :at
WHERE organisation_id = :organisation_id AND key_id = :key_id AND revoked_at IS NULL

-- name: shorten_key
-- The old key of a rotation ends when the overlap does, never later than it would have ended anyway.
UPDATE ledger_keys SET expires_at = :until
WHERE organisation_id = :organisation_id AND key_id = :key_id AND expires_at > :until

-- name: touch_key
UPDATE ledger_keys SET last_used_at = :at
WHERE key_id = :key_id AND (last_used_at IS NULL OR last_used_at < :before)

-- name: former_ids
-- Streams that began before references were composed: the id of a spelling, and the stream's.
SELECT name_id, stream_id FROM ledger_former_ids
