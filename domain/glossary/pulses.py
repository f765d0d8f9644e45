"""Fields of pulses."""

from __future__ import annotations

PULSES: dict[str, str] = {
    "OpenPulse.team": "Id or reference of the team that is asked; the organisation where left out. e.g. data",
    "pulse.wave_opened.team": "Id of the team that is asked; missing or null: the organisation.",
    "closes_on": "Last day on which it can be answered, from today on and within 62 days.",
    "closes_at": "Instant from which no answer is taken any more.",
    "items": "What is asked.",
    "cells": "Groups of five persons and more, each with a key of its own.",
    "PulseItem.id": "Id of the item, by which sums and figures name it. e.g. safety_4",
    "PulseItem.text": "The statement that is agreed with, from 1 (not at all) to 7. e.g. It is safe to take a risk on this team.",
    "PulseItem.reversed": "Whether agreement is bad news: what counts is 8 less the answer.",
    "PulseCell.id": "Id of the cell.",
    "PulseCell.team": "Id of the team whose members stand in it; missing or null: all who stand in no team's.",
    "PulseCell.members": "How many are asked. e.g. 7",
    "public_key": "RSA key that verifies the cell's tokens (RFC 9474, SHA-384): SubjectPublicKeyInfo, DER, in base64. e.g. MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
    "results": "Sums of five answers and more, each of other persons.",
    "withheld": "Cells that are not shown by themselves.",
    "PulseResult.team": "Id of the team that answered; missing or null: all others together.",
    "PulseResult.answers": "How many answered. e.g. 6",
    "sums": "What the answers to each item come to, reversed ones as they were given.",
    "ItemSum.item": "Id of the item. e.g. safety_4",
    "ItemSum.total": "The sum of the answers. e.g. 31",
    "WithheldResult.team": "Id of the team that is not shown by itself; missing or null: all others.",
    "WithheldResult.rule": "By which rule: fewer than five answers, or one to four persons behind a difference to an earlier pulse.",
}
