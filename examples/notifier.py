"""Post a line to a chat for each promise that moved: `python notifier.py URL KEY CHAT_URL`.

`CHAT_URL` takes `{"text": ...}` by POST, as the incoming webhooks of most chats do. Stopped, it goes on from there.
"""

from __future__ import annotations

import sys

import httpx

from plimsoll_client import Client, EventSelection, FileCheckpoint, Follower, models, requests

TYPES = ["goal.change_accepted.*", "goal.lapsed.*", "goal.satisfaction_declared.*"]


def notify(url: str, key: str, chat_url: str, *, wait: float = 25.0, checkpoint: str = "notifier.json") -> None:
    """Follow the log, and post a line for each event of these types; ends only with `wait=0`, at the log's end."""
    with Client(url, key) as client, httpx.Client() as chat:
        for event in Follower(client, FileCheckpoint(checkpoint), EventSelection(types=TYPES), wait=wait):
            goal = event.subject.removeprefix("goal/")
            view = client.send(requests.get_goal(goal))
            title = view.goal.title if isinstance(view.goal, models.PromisedGoal | models.EndedGoal) else goal
            what = event.type.split(".")[1].replace("_", " ")
            why = f": {event.reasontext}" if event.reasontext else ""
            chat.post(chat_url, json={"text": f"{title}: {what}{why}"}).raise_for_status()


if __name__ == "__main__":
    notify(*sys.argv[1:4])
