-- Members are listed in the index, so that those of a team are found when it is archived: everybody who has joined, under
-- the key of members who have been in several teams (`domain.member.member.SEVERAL_TEAMS`), among whom all are looked at.
INSERT INTO ledger_standing (organisation_id, goal_id, live_owner, next_timer)
SELECT DISTINCT organisation_id, originator_id, '5f0a1c386f5e4d0b9d572a7b8c1e4f60', NULL
FROM stored_events WHERE topic = 'member.joined.v1' AND organisation_id IS NOT NULL;
