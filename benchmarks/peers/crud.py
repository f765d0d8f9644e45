"""FastAPI and SQLAlchemy: a table of goals that is updated in place, and an audit row in the same transaction.

`python -m benchmarks.peers.crud URL PORT`. No key is checked and no request is remembered: it does less than ours.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Text, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks.peers.serving import serve

GOALS, OWNER, POOL = 800, "owner", 40


class Base(DeclarativeBase):
    pass


class Goal(Base):
    __tablename__ = "goals"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    sponsor: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    progress: Mapped[str] = mapped_column(Text)
    confidence: Mapped[str] = mapped_column(Text)
    checked_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column()
    # A lost update is refused, as ours refuses it.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Audit(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    goal_id: Mapped[UUID] = mapped_column(ForeignKey("goals.id"), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(Text)
    act: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)


class CheckIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: str = Field(max_length=4000)
    progress: str
    confidence: str


class Summary(BaseModel):
    id: UUID
    version: int
    progress: str
    confidence: str


def _audited_fields(goal: Goal) -> dict[str, Any]:
    return {"note": goal.note, "progress": goal.progress, "confidence": goal.confidence, "version": goal.version}


def check_in(session: Session, goal_id: UUID, body: CheckIn, by: str) -> Summary:
    """Load, check, change, and say in the audit table what changed: one transaction."""
    goal = session.get(Goal, goal_id)
    if goal is None:
        raise HTTPException(404)
    if goal.owner != by or goal.status != "agreed":
        raise HTTPException(403)
    now, before = datetime.now(UTC), _audited_fields(goal)
    goal.note, goal.progress, goal.confidence, goal.checked_in_at = body.note, body.progress, body.confidence, now
    after = {**before, "note": body.note, "progress": body.progress, "confidence": body.confidence}
    session.add(Audit(goal_id=goal_id, at=now, by=by, act="check_in", before=before, after=after))
    session.flush()
    answer = Summary(id=goal_id, version=goal.version, progress=goal.progress, confidence=goal.confidence)
    session.commit()
    return answer


def create_application(url: str) -> FastAPI:
    """Handlers run in threads, as FastAPI does it with a synchronous session: faster here than its asynchronous one."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=POOL, max_overflow=0)
    Base.metadata.create_all(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    with sessions.begin() as session:
        session.add_all(_build_goal(number) for number in range(GOALS))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/goals")
    def listed() -> list[UUID]:
        with sessions() as session:
            return list(session.scalars(select(Goal.id)))

    @app.post("/v1/goals/{goal_id}/check-in")
    def checked_in(goal_id: UUID, body: CheckIn) -> Summary:
        with sessions() as session:
            return check_in(session, goal_id, body, OWNER)

    return app


def _build_goal(number: int) -> Goal:
    fields = {"note": "", "progress": "0", "confidence": "1", "version": 1}
    return Goal(title=f"goal {number}", owner=OWNER, sponsor="sponsor", status="agreed", **fields)


if __name__ == "__main__":
    serve(create_application(sys.argv[1]), int(sys.argv[2]))
