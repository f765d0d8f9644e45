"""What is written about or by a person, declared on the field, so that it can be sealed apart from the fact."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

T = TypeVar("T")

#: Key in `msgspec.Meta.extra` that marks a field as personal text; its value names the subject whose key will seal it.
#: `author`: who wrote it (on_behalf_of, else actor). `member`: the member whose stream it is.
PERSONAL = "personal"

#: Personal text of the event's author. `Personal[str]` in a Struct: stored in the event's sealed part.
Personal = Annotated[T, msgspec.Meta(extra={PERSONAL: "author"})]

#: Personal text about the member whose stream holds the event.
PersonalOfMember = Annotated[T, msgspec.Meta(extra={PERSONAL: "member"})]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value inside commands and events alike. Closed: it grows by a new event tag, never by a silent field."""
