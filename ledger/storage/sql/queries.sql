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

-- name: streams_after
-- Of some streams of one organisation the events behind a version each.
SELECT originator_id, originator_version, topic, state
FROM EACH(:wanted uuid bigint) JOIN stored_events ON originator_id = c1 AND originator_version > c2
WHERE organisation_id = :organisation_id ORDER BY originator_id, originator_version

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

-- name: changed_but_goals
-- The same but for goals, which are most of them: what a cache of viewers must drop.
SELECT DISTINCT organisation_id, originator_id FROM stored_events WHERE notification_id > :after AND organisation_id IS NOT NULL
    AND NOT (topic >= 'goal.' AND topic < 'goal/')

-- name: grown
-- The events behind a log position, of all organisations: what a cache must apply.
SELECT originator_id, originator_version, topic, state, organisation_id, position FROM stored_events
WHERE notification_id > :after AND organisation_id IS NOT NULL ORDER BY notification_id

-- name: read
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE notification_id > :after ORDER BY notification_id LIMIT :limit

-- name: feed
SELECT originator_id, originator_version, topic, state, position FROM stored_events
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

-- name: listed
-- All live promises of an organisation.
SELECT live_owner, goal_id FROM ledger_standing WHERE organisation_id = :organisation_id AND live_owner IS NOT NULL

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

-- name: keys_by_digest
SELECT digest, key_id, organisation_id, member_id, scopes, created_at, expires_at, revoked_at, last_used_at FROM ledger_keys
WHERE digest IN :digests
UNION ALL
-- A session is its key's: it ends no later, and with it.
SELECT console_sessions.digest, ledger_keys.key_id, ledger_keys.organisation_id, ledger_keys.member_id, scopes, created_at,
CASE WHEN console_sessions.expires_at < ledger_keys.expires_at THEN console_sessions.expires_at
ELSE ledger_keys.expires_at END, revoked_at, last_used_at
FROM console_sessions JOIN ledger_keys ON ledger_keys.key_id = console_sessions.key_id
WHERE console_sessions.digest IN :digests

-- name: add_console_session
INSERT INTO console_sessions (digest, key_id, organisation_id, member_id, expires_at)
VALUES (:digest, :key_id, :organisation_id, :member_id, :expires_at)

-- name: end_console_session
DELETE FROM console_sessions WHERE digest = :digest

-- name: end_console_sessions
DELETE FROM console_sessions WHERE organisation_id = :organisation_id AND member_id = :member_id

-- name: add_console_link
INSERT INTO console_links (digest, key_id, organisation_id, expires_at)
VALUES (:digest, :key_id, :organisation_id, :expires_at)

-- name: console_link
SELECT key_id, organisation_id FROM console_links WHERE digest = :digest AND expires_at > :now

-- name: use_console_link
DELETE FROM console_links WHERE digest = :digest

-- name: purge_console_sessions
DELETE FROM console_sessions WHERE expires_at <= :now

-- name: purge_console_links
DELETE FROM console_links WHERE expires_at <= :now

-- name: add_console_upload
INSERT INTO console_uploads (organisation_id, member_id, name, body, expires_at)
VALUES (:organisation_id, :member_id, :name, :body, :expires_at)

-- name: console_upload
SELECT name, body FROM console_uploads
WHERE organisation_id = :organisation_id AND member_id = :member_id AND expires_at > :now

-- name: remove_console_upload
DELETE FROM console_uploads WHERE organisation_id = :organisation_id AND member_id = :member_id

-- name: purge_console_uploads
DELETE FROM console_uploads WHERE expires_at <= :now

-- name: keys
-- A page of them, in the order of their index.
SELECT key_id, member_id, scopes, name, created_at, expires_at, last_used_at, revoked_at FROM ledger_keys
WHERE organisation_id = :organisation_id AND (created_at, key_id) > (:created_at, :key_id)
ORDER BY created_at, key_id LIMIT :limit

-- name: key
SELECT key_id, member_id, scopes, name, created_at, expires_at, last_used_at, revoked_at FROM ledger_keys
WHERE organisation_id = :organisation_id AND key_id = :key_id

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

-- name: events_at
SELECT originator_id, originator_version, topic, state, position FROM stored_events
WHERE organisation_id = :organisation_id AND position IN :positions ORDER BY position

-- name: streams_at
-- Of which stream the events behind a position are.
SELECT originator_id, topic FROM stored_events
WHERE organisation_id = :organisation_id AND position > :after AND position <= :upto ORDER BY position

-- name: create_webhook_cursor
INSERT INTO webhook_cursors (subscription_id, organisation_id, position, epoch, lease_until, failures, created_at)
VALUES (:subscription_id, :organisation_id, :position, :epoch, :lease_until, 0, :at)

-- name: remove_webhook_cursor
DELETE FROM webhook_cursors WHERE subscription_id = :subscription_id

-- name: remove_webhook_secrets
DELETE FROM webhook_secrets WHERE subscription_id = :subscription_id

-- name: webhook_cursors
SELECT subscription_id, organisation_id, position, epoch, lease_until, next_due, failing_since, failures, created_at
FROM webhook_cursors WHERE subscription_id IN :ids

-- name: webhook_cursors_of
SELECT subscription_id FROM webhook_cursors WHERE organisation_id IN :organisations AND lease_until <= :now
ORDER BY lease_until LIMIT :limit

-- name: webhook_cursors_due
SELECT subscription_id FROM webhook_cursors WHERE next_due <= :now AND lease_until <= :now
ORDER BY next_due LIMIT :limit

-- name: webhook_cursors_behind
-- Those that have events to send, wherever: what a lost wake-up left behind.
SELECT subscription_id FROM webhook_cursors WHERE lease_until <= :now AND (
    epoch <> :epoch OR position < (
        SELECT max(position) FROM stored_events WHERE organisation_id = webhook_cursors.organisation_id
    )
) ORDER BY lease_until LIMIT :limit

-- name: webhook_lag
-- How far each subscription is behind, the furthest first.
SELECT subscription_id, (
    SELECT max(position) FROM stored_events WHERE organisation_id = webhook_cursors.organisation_id
) - position AS lag, (
    SELECT count(*) FROM webhook_deliveries AS open
    WHERE open.subscription_id = webhook_cursors.subscription_id AND state = 'pending'
) AS pending, (
    SELECT recorded_at FROM stored_events AS first
    WHERE first.organisation_id = webhook_cursors.organisation_id AND first.position = coalesce((
        SELECT min(position) FROM webhook_deliveries AS open
        WHERE open.subscription_id = webhook_cursors.subscription_id AND state = 'pending'
    ), webhook_cursors.position + 1)
) AS oldest
FROM webhook_cursors ORDER BY lag DESC, subscription_id LIMIT :limit

-- name: organisations_after
SELECT DISTINCT organisation_id FROM stored_events WHERE notification_id > :after AND organisation_id IS NOT NULL

-- name: subscriptions_after
-- Subscriptions, members and teams that have changed: who may be sent what.
SELECT DISTINCT originator_id FROM stored_events WHERE notification_id > :after AND (
    (topic >= 'member.' AND topic < 'member/') OR (topic >= 'subscription.' AND topic < 'subscription/')
    OR (topic >= 'team.' AND topic < 'team/')
)

-- name: last_webhook_delivery
SELECT max(position) FROM webhook_deliveries WHERE subscription_id = :subscription_id

-- name: claim_webhook_cursor
UPDATE webhook_cursors SET lease_owner = :owner, lease_until = :until
WHERE subscription_id = :subscription_id AND lease_until <= :now

-- name: renew_webhook_leases
UPDATE webhook_cursors SET lease_until = :until WHERE lease_owner = :owner AND subscription_id IN :ids

-- name: release_webhook_lease
UPDATE webhook_cursors SET lease_owner = NULL, lease_until = :until
WHERE subscription_id = :subscription_id AND lease_owner = :owner

-- name: move_webhook_cursor
-- By its lease holder alone, from where it knows it to be.
UPDATE webhook_cursors SET position = :position, epoch = :epoch, next_due = :next_due, failing_since = :failing_since,
    failures = :failures, lease_until = :lease_until
WHERE subscription_id = :subscription_id AND lease_owner = :owner AND position = :expected

-- name: wake_webhook_cursor
-- For any worker to take: who holds the lease loses it.
UPDATE webhook_cursors SET next_due = :now, lease_owner = NULL, lease_until = 0 WHERE subscription_id = :subscription_id

-- name: rewind_webhook_cursor
UPDATE webhook_cursors SET position = :position, next_due = :now, lease_owner = NULL, lease_until = 0
WHERE subscription_id = :subscription_id

-- name: forgive_webhook_cursor
UPDATE webhook_cursors SET failing_since = NULL, failures = 0, next_due = :now, lease_owner = NULL, lease_until = 0
WHERE subscription_id = :subscription_id

-- name: forget_webhook_deliveries
-- What was sent after a position may be sent again.
DELETE FROM webhook_deliveries WHERE subscription_id = :subscription_id AND position > :after

-- name: retry_webhook_deliveries
UPDATE webhook_deliveries SET next_attempt_at = :now WHERE subscription_id = :subscription_id AND state = 'pending'

-- name: hold_webhook_deliveries
-- Of another log's time: a restored copy sends nothing of them by itself.
UPDATE webhook_deliveries SET state = 'held', next_attempt_at = NULL
WHERE subscription_id = :subscription_id AND state = 'pending'

-- name: revive_webhook_deliveries
UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_attempt_at = :now
WHERE subscription_id = :subscription_id AND state = :state

-- name: webhook_deliveries_among
SELECT event_id FROM webhook_deliveries WHERE subscription_id = :subscription_id AND event_id IN :events

-- name: pending_webhook_deliveries
SELECT event_id, position, subject, attempts, tries, next_attempt_at FROM webhook_deliveries
WHERE subscription_id = :subscription_id AND state = 'pending' ORDER BY position, event_id LIMIT :limit

-- name: webhook_delivery
SELECT event_id, position, subject, state, attempts, tries, next_attempt_at, updated_at FROM webhook_deliveries
WHERE subscription_id = :subscription_id AND event_id = :event_id

-- name: webhook_deliveries
-- A page of the log, the latest events first.
SELECT event_id, position, subject, state, attempts, tries, next_attempt_at, updated_at FROM webhook_deliveries
WHERE subscription_id = :subscription_id AND position < :before AND (:any_state OR state = :state)
ORDER BY position DESC LIMIT :limit

-- name: count_webhook_deliveries
SELECT state, count(*), min(position) FROM webhook_deliveries WHERE subscription_id = :subscription_id GROUP BY state

-- name: webhook_attempts
SELECT attempt, at, duration_us, status, error, answer FROM webhook_attempts
WHERE subscription_id = :subscription_id AND event_id = :event_id ORDER BY attempt DESC LIMIT :limit

-- name: purge_webhook_deliveries
-- Where the cursor has passed: until then the row is what keeps an event from being sent twice.
DELETE FROM webhook_deliveries WHERE updated_at < :before AND state <> 'pending' AND position <= coalesce((
    SELECT position FROM webhook_cursors AS held WHERE held.subscription_id = webhook_deliveries.subscription_id
), position)

-- name: purge_webhook_attempts
DELETE FROM webhook_attempts WHERE at < :before

-- name: purge_webhook_secrets
DELETE FROM webhook_secrets WHERE expires_at < :now

-- name: webhook_secrets
SELECT secret, expires_at FROM webhook_secrets
WHERE subscription_id = :subscription_id AND (expires_at IS NULL OR expires_at > :now) ORDER BY created_at DESC

-- name: add_webhook_secret
INSERT INTO webhook_secrets (subscription_id, created_at, secret) VALUES (:subscription_id, :at, :secret)

-- name: end_webhook_secrets
-- The one before ends with the overlap, those before it now.
UPDATE webhook_secrets SET expires_at = CASE WHEN expires_at IS NULL THEN :until ELSE :now END
WHERE subscription_id = :subscription_id AND (expires_at IS NULL OR expires_at > :now)

-- name: webhook_signing_keys
SELECT key_id, private_key, created_at, retired_at FROM webhook_signing_keys
WHERE retired_at IS NULL OR retired_at > :now ORDER BY created_at DESC, key_id

-- name: add_webhook_signing_key
INSERT INTO webhook_signing_keys (key_id, private_key, created_at) VALUES (:key_id, :private_key, :at)

-- name: retire_webhook_signing_keys
UPDATE webhook_signing_keys SET retired_at = :until WHERE retired_at IS NULL OR retired_at > :until

-- name: begin_sink
INSERT INTO ledger_sinks (stream, selection, position, moved_at) VALUES (:stream, :selection, 0, :at)
ON CONFLICT (stream) DO NOTHING

-- name: sink
SELECT selection, position FROM ledger_sinks WHERE stream = :stream

-- name: move_sink
UPDATE ledger_sinks SET position = :position, moved_at = :at WHERE stream = :stream AND position = :expected

-- name: person_reads
-- Who read figures of one of these subjects (a member, its teams, the organisation), the latest first.
SELECT subject_id, subject, viewer, role, what, first_at, last_at, times FROM ledger_person_reads
WHERE organisation_id = :organisation_id AND subject_id IN :subjects AND day >= :since AND viewer <> :reader
ORDER BY last_at DESC, subject_id, viewer, role, what LIMIT :limit

-- name: organisations_with_reads
SELECT DISTINCT organisation_id FROM ledger_person_reads

-- name: purge_person_reads
DELETE FROM ledger_person_reads WHERE organisation_id = :organisation_id AND day < :until

-- name: pulse_wave
SELECT organisation_id, state, closes_at, key_check FROM pulse_waves WHERE wave_id = :wave

-- name: pulse_cell
SELECT public_key, private_key FROM pulse_cells WHERE wave_id = :wave AND cell_id = :cell

-- name: pulse_seat
SELECT cell_id, asked FROM pulse_seats WHERE wave_id = :wave AND member_id = :member

-- name: take_pulse_token
-- The first blinded token of a seat, or the same one again.
UPDATE pulse_seats SET asked = :asked
WHERE wave_id = :wave AND member_id = :member AND (asked IS NULL OR asked = :asked)

-- name: hold_pulse_wave
-- Its row is held until the transaction ends, so that none is answered once it is closing.
UPDATE pulse_waves SET state = state WHERE wave_id = :wave AND state = 'open' AND closes_at > :now

-- name: add_pulse_ballot
INSERT INTO pulse_ballots (wave_id, token, cell_id, sealed) VALUES (:wave, :token, :cell, :sealed)
ON CONFLICT (wave_id, token) DO NOTHING

-- name: begin_closing_pulse
UPDATE pulse_waves SET state = 'closing' WHERE wave_id = :wave AND state <> 'closed'

-- name: pulse_cells
SELECT cell_id, team_id FROM pulse_cells WHERE wave_id = :wave ORDER BY cell_id

-- name: pulse_seats
SELECT member_id, cell_id FROM pulse_seats WHERE wave_id = :wave ORDER BY member_id

-- name: pulse_ballots
SELECT token, cell_id, sealed FROM pulse_ballots WHERE wave_id = :wave ORDER BY token

-- name: pulse_blocks
-- With whom each was counted in the organisation's earlier waves.
SELECT w.wave_id, s.member_id, s.block FROM pulse_waves w JOIN pulse_seats s ON s.wave_id = w.wave_id
WHERE w.organisation_id = :organisation_id AND w.state = 'closed' AND w.closes_at >= :since AND s.block IS NOT NULL
ORDER BY w.wave_id

-- name: pulses_due
SELECT organisation_id, wave_id FROM pulse_waves WHERE state <> 'closed' AND closes_at <= :now ORDER BY closes_at LIMIT :limit

-- name: end_pulse_wave
UPDATE pulse_waves SET state = 'closed', closes_at = :now, key_check = '' WHERE wave_id = :wave

-- name: remove_pulse_wave
DELETE FROM pulse_waves WHERE wave_id = :wave

-- name: remove_pulse_ballots
DELETE FROM pulse_ballots WHERE wave_id = :wave

-- name: remove_pulse_cells
DELETE FROM pulse_cells WHERE wave_id = :wave

-- name: remove_pulse_seats
DELETE FROM pulse_seats WHERE wave_id = :wave

-- name: purge_pulse_seats
DELETE FROM pulse_seats WHERE wave_id IN (SELECT wave_id FROM pulse_waves WHERE state = 'closed' AND closes_at < :before)
