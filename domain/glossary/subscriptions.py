"""Fields of subscriptions."""

from __future__ import annotations

SUBSCRIPTIONS: dict[str, str] = {
    "subscription.created.owner": "Id of the member on whose behalf events are sent: what they do not see is not sent.",
    "subscription.created.url": "Address that events are sent to, by POST. e.g. https://hooks.example.com/plimsoll",
    "CreateSubscription.url": "Address that events are sent to, by POST: https, without user and fragment. e.g. https://hooks.example.com/plimsoll",
    "subscription.created.name": "What the subscription is called; may be empty. e.g. Slack notifier",
    "CreateSubscription.name": "What the subscription is called; may be empty. e.g. Slack notifier",
    "types": 'The event types that are wanted; empty: all. e.g. ["goal.change_accepted.*"]',
    "CreateSubscription.types": 'The event types that are wanted: a type, all versions of one (`goal.promised.*`), or all of a kind (`goal.*`); empty: all. e.g. ["goal.*"]',
    "subscription.created.subject": "The one stream whose events are wanted; missing or null: all. e.g. goal/01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35",
    "CreateSubscription.subject": "The one stream whose events are wanted, by id or reference; all where left out. e.g. goal/report-1",
    "subscription.created.team": "Id of the team whose events are wanted; missing or null: all.",
    "CreateSubscription.team": "Id or reference of the team whose events are wanted; all where left out. e.g. core",
    "payload": "What a message holds: the event's envelope alone (`thin`), all of it (`full`), or `auto`: thin where it is about persons.",
    "ordering": "`strict`: each subject's events arrive in order, one after another; `none`: each on its own.",
    "subscription.disabled.reason": "Why deliveries ended: the target answered 410 (`gone`), failed for 5 days (`failing`), or the member has left (`owner_left`).",
    "Disablement.reason": "Why deliveries ended: `gone`, `failing` or `owner_left`.",
    "Disablement.at": "Instant at which deliveries ended.",
    "failing_since": "Since when no delivery has succeeded; missing or null: the last one did.",
    "former_until": "Until when messages are signed with the former secret too.",
    "overlap_hours": "Hours during which messages are signed with the former secret too. e.g. 24",
    "subscription.replay_requested.after": "Position after which every event is sent again. e.g. 120",
    "ReplaySubscription.after": "Position after which every event is sent again. e.g. 120",
}
