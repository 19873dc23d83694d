"""What the answers look like, for the OpenAPI document: programs are written by it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

State = Literal["pending", "claimed", "done", "superseded", "gone", "ignored", "unconfigured", "bad_definition", "dead"]


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str
    detail: str


class ProblemDetails(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default=[], description="the fields that are wrong")


class RunLine(BaseModel):
    """A run with its score."""

    id: str
    run_date: date
    run_hour: int
    score: float
    passed: bool
    message: str | None
    url: str


class FileLine(BaseModel):
    """A monitored file."""

    id: str
    agency_slug: str
    file_name: str
    newest_run: RunLine | None
    runs_url: str


class Files(BaseModel):
    """A page of files, by agency and name."""

    files: list[FileLine]
    next: str | None = Field(description="address of the next page")


class Runs(BaseModel):
    """A page of a file's runs, newest first."""

    file: FileLine
    runs: list[RunLine]
    next: str | None = Field(description="address of the next page")


class Run(BaseModel):
    """A verdict as it is stored; conf/schemas says what its parts hold."""

    id: str
    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    score: float
    passed: bool
    message: str | None
    metrics: dict[str, Any]
    deductions: dict[str, float]
    failed_rules: list[dict[str, Any]] | None = Field(description="null where the database does not keep them")
    file_size: int | None
    profile_url: str


class ObjectLine(BaseModel):
    """A row of the inbox: an announced object, and what became of it."""

    id: int
    bucket: str
    key: str
    version_id: str | None
    size: int | None
    source: str
    state: State
    reason: str | None
    attempts: int
    received_at: datetime
    finished_at: datetime | None
    run_id: str | None
    url: str


class Objects(BaseModel):
    """A page of the inbox, newest first."""

    objects: list[ObjectLine]
    next: str | None = Field(description="address of the next page")


class Step(BaseModel):
    """A step of an object's path."""

    at: datetime
    step: str
    state: str
    what: str


class ObjectWithPath(BaseModel):
    """A row of the inbox with its path, and the verdict it ended with."""

    object: ObjectLine
    path: list[Step]
    verdict: Run | None


class Triggered(BaseModel):
    """An object that is in the inbox; `verdict` is null until it has one."""

    id: int
    state: State
    reason: str | None
    status_url: str
    verdict: Run | None


class Taken(BaseModel):
    """What became of the parts of a pushed message."""

    new: int
    known: int
    skipped: int
    dead_letters: int
