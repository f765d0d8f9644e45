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

#: Key in `msgspec.Meta.extra` that marks a field as a figure of one person, such as a load; its value names the field
#: beside it that holds the person's id. A Struct with such a field has `withheld`, which is never stored: set for a
#: viewer who may not see that person's figures, and then those fields are null.
PERSON_FIGURE = "person_figure"

#: A figure of the member whose id is in the field `of` of the same Struct.
PersonFigure = Annotated[T, msgspec.Meta(extra={PERSON_FIGURE: "of"})]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value inside commands and events alike. Closed: it grows by a new event tag, never by a silent field."""
