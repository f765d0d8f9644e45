"""Fields of recognitions."""

from __future__ import annotations

RECOGNITIONS: dict[str, str] = {
    "GiveRecognition.member": "Id or reference of the member who is recognised: another one, who is there. e.g. omar",
    "recognition.given.member": "Id of the member who is recognised.",
    "GiveRecognition.kind": "Whether it is for a result, or for the way of working together.",
    "CorrectRecognition.kind": "Whether it is for a result, or for the way of working together; as before where left out.",
    "recognition.given.kind": "Whether it is for a result, or for the way of working together.",
    "recognition.corrected.kind": "Whether it is for a result, or for the way of working together.",
    "GiveRecognition.text": "What the member did, 1 to 2000 characters. e.g. Omar stayed on the call until the payouts ran.",
    "CorrectRecognition.text": "What the member did, in other words; as before where left out. e.g. Omar found out why the payouts stood still.",
    "recognition.given.text": "What the member did. e.g. Omar stayed on the call until the payouts ran.",
    "recognition.corrected.text": "What the member did, in other words. e.g. Omar found out why the payouts stood still.",
    "GiveRecognition.goal": "Id or reference of the goal that it is for; for a result its sponsor is satisfied. e.g. night-batch",
    "recognition.given.goal": "Id of the goal that it is for; missing or null: it is for a cycle.",
    "GiveRecognition.cycle": "Id or reference of the cycle that it is for, in place of a goal. e.g. spring",
    "recognition.given.cycle": "Id of the cycle that it is for; missing or null: it is for a goal.",
    "recognition.given.team": "Id of the team of that goal or cycle; missing or null: the organisation's own.",
    "recognition.corrected.corrects": "Id of the event whose words these replace.",
    "recognition.taken_back.corrects": "Id of the event that is taken back.",
}
