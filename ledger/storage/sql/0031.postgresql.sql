-- Members are listed in the index, so that those of a team are found when it is archived: everybody who has joined, under
-- the key of members who have been in several teams (`domain.member.member.SEVERAL_TEAMS`), among whom all are looked at.
INSERT INTO ledger_standing (organisation_id, goal_id, live_owner, next_timer)
SELECT DISTINCT organisation_id, originator_id, '5f0a1c38-6f5e-4d0b-9d57-2a7b8c1e4f60'::uuid, NULL::bigint
FROM stored_events WHERE topic = 'member.joined.v1' AND organisation_id IS NOT NULL;
