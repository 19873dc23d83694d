"""The policies in `conf/aws` allow what the code asks of AWS, and nothing that it does not."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from etl_core.shipped_files import shipped_file

ROOT = Path(__file__).parents[2]

#: What a copy needs to take the tags along.
_TAGS = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging", "s3:PutObjectTagging")
#: IAM's actions of each call, as the service authorization reference has them. A call that reads a version needs the
#: right to it, too; without s3:ListBucket an object that is not there cannot be told from one that is forbidden.
ACTIONS = {
    "s3.get_object": {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"},
    "s3.head_object": {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"},
    "s3.list_objects_v2": {"s3:ListBucket"},
    "s3.put_object": {"s3:PutObject"},
    "s3.delete_objects": {"s3:DeleteObject"},
    "s3.copy_object": {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", *_TAGS},
    "s3.upload_part_copy": {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"},
    "s3.get_object_tagging": {"s3:GetObjectTagging", "s3:GetObjectVersionTagging"},
    "s3.create_multipart_upload": {"s3:PutObject", "s3:PutObjectTagging"},
    "s3.upload_part": {"s3:PutObject"},
    "s3.complete_multipart_upload": {"s3:PutObject"},
    "s3.abort_multipart_upload": {"s3:AbortMultipartUpload"},
    "sqs.get_queue_attributes": {"sqs:GetQueueAttributes"},
    "sqs.receive_message": {"sqs:ReceiveMessage"},
    "sqs.delete_message_batch": {"sqs:DeleteMessage"},
}
#: Who writes tables of the lake, and rows between steps, has a role for it; so has who copies documents.
WRITING = {"etl_core/objects/writing.py"}
COPYING = {path.relative_to(ROOT).as_posix() for path in (ROOT / "etl_core/objects/transfers").glob("*.py")}
#: What a copy and an upload do besides: look at both ends, list them, and write small files.
AROUND_COPIES = {"s3.get_object", "s3.head_object", "s3.list_objects_v2", "s3.put_object"}
#: Where what is asked of AWS is asked from executors, in Spark's tasks.
ON_EXECUTORS = {"etl_core/objects/store.py", "etl_core/objects/boto3_reads.py", "etl_core/objects/native_reads.py"}
#: Where objects are encrypted with a key of one's own; and what Spark asks for where it writes in parts.
BESIDES = {"driver": {"kms:Decrypt"}, "executor": {"kms:Decrypt"}}
BESIDES["writer"] = {"kms:Decrypt", "kms:GenerateDataKey", "s3:AbortMultipartUpload"} | ACTIONS["s3.get_object"]


def operations() -> dict[str, str]:
    """Every call of boto3's clients for S3 and SQS, with its service."""
    session = get_session()
    known: dict[str, str] = {}
    for service in ("sqs", "s3"):
        model = session.get_service_model(service)
        known |= {xform_name(name): service for name in model.operation_names}
    return known


def calls(path: Path, known: dict[str, str]) -> set[str]:
    """The operations that a module names: methods that are called, and paginators."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                found.add(name)
            case ast.Call(func=ast.Attribute(attr=name)) if name in known:
                found.add(name)
    return {f"{known[name]}.{name}" for name in found}


def used(only: set[str] | None = None) -> set[str]:
    known, found = operations(), set()
    for package in ("etl_core", "dq", "jobs", "operations", "pipelines", "service"):
        for path in (ROOT / package).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if "playground" not in place and (place in only if only else place not in WRITING | COPYING):
                found |= calls(path, known)
    return found


def allowed(name: str) -> set[str]:
    policy: dict[str, Any] = json.loads(shipped_file(f"aws/{name}.json").read_text(encoding="utf-8"))
    actions: set[str] = set()
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        named = statement["Action"]
        actions |= {named} if isinstance(named, str) else set(named)
    return actions


def test_every_call_that_the_code_makes_is_known() -> None:
    assert used() | used(WRITING) | used(COPYING) == set(ACTIONS)


@pytest.mark.parametrize(("role", "modules"), [("driver", None), ("executor", ON_EXECUTORS), ("writer", WRITING)])
def test_a_role_may_do_what_its_code_asks_and_no_more(role: str, modules: set[str] | None) -> None:
    needed = set().union(*(ACTIONS[call] for call in used(modules)))
    assert needed
    assert allowed(role) == needed | BESIDES[role]


def test_who_copies_documents_may_do_that_and_no_more() -> None:
    needed = set().union(*(ACTIONS[call] for call in used(COPYING) | AROUND_COPIES))
    assert allowed("documents") == needed | {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_samples_name_the_policies() -> None:
    access = (ROOT / "conf/k8s/access.yaml").read_text()
    assert "conf/aws/driver.json" in access
    assert "conf/aws/executor.json" in access
    assert "conf/aws/documents.json" in access
    assert "conf/aws" in (ROOT / "conf/emr/README.md").read_text()
