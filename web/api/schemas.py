"""Shapes of what the API takes and gives."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 200},
    "description": "One unique key per action; the same key again gives the same answer and changes nothing.",
    "required": True,
}


class LoginIn(Schema):
    login = fields.String(required=True, validate=validate.Length(1, 100))
    password = fields.String(required=True, validate=validate.Length(1, 500))
    code = fields.String(load_default="", validate=validate.Length(max=20))


class SessionOut(Schema):
    token = fields.String()
    user = fields.Dict()


class TokenIn(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 100))
    days = fields.Integer(load_default=90, validate=validate.Range(1, 366))


class PageIn(Schema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))
    search = fields.String(load_default="", validate=validate.Length(max=100))


class ProfileIn(Schema):
    profile = fields.String(required=True)
    source = fields.String(required=True, validate=validate.Length(1, 400))


class NoticesIn(PageIn):
    kind = fields.String()
    open = fields.Boolean(load_default=False)


class OpenDataIn(PageIn):
    limit = fields.Integer(load_default=1000, validate=validate.Range(1, 5000))


class CasesIn(PageIn):
    status = fields.String(
        validate=validate.OneOf(["running", "closed", "withdrawn", "cancelled", "submitted", "over"])
    )
    procedure = fields.String()


class TasksIn(PageIn):
    scope = fields.String(
        load_default="mine", validate=validate.OneOf(["mine", "offered", "claimed", "draft", "done", "overseen"])
    )
    procedure = fields.String()
    form = fields.String()
    step = fields.String()
    due_after = fields.Date()
    due_before = fields.Date()
    sort = fields.String(load_default="due", validate=validate.OneOf(["due", "law", "opened", "case"]))


class StartIn(Schema):
    procedure = fields.String(required=True)
    enterprise_id = fields.UUID()
    zone = fields.String()
    definition_id = fields.UUID()
    permit_id = fields.UUID(metadata={"description": "the permit the case is about; its forms begin with it"})


class CompleteIn(Schema):
    data = fields.Dict(required=True)
    signature = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.Length(max=5000)),
        metadata={
            "description": "what a signer is asked for, such as password and code; only where the step is signed"
        },
    )


class DraftIn(Schema):
    """Answers so far; `page` and `turn` name an open page and count its saves, `left_page` the one it came from."""

    data = fields.Dict(required=True)
    revision = fields.Integer(allow_none=True)
    page = fields.String(load_default="", validate=validate.Length(max=60))
    turn = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**53))
    left_page = fields.String(load_default="", validate=validate.Length(max=60))


class ReasonIn(Schema):
    reason = fields.String(load_default="", validate=validate.Length(max=2000))


class AssignIn(ReasonIn):
    user_id = fields.UUID(required=True)


class RemarkIn(Schema):
    text = fields.String(required=True)


class CorrectIn(Schema):
    submission_id = fields.UUID(required=True)
    path = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    reason = fields.String(required=True)


class UploadIn(Schema):
    procedure = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]{1,60}$"))
    files = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "file name to text"},
    )


class LintIn(Schema):
    files = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class PublishIn(Schema):
    valid_from = fields.Date()
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class DelegationIn(Schema):
    to_user_id = fields.UUID(required=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True)
    reason = fields.String(required=True)


class CommentIn(Schema):
    author = fields.String(required=True)
    contact = fields.String(required=True)
    comment = fields.String(required=True)
    wants_hearing = fields.Boolean(load_default=False)


class DueIn(Schema):
    start = fields.Date(required=True)
    limit = fields.Integer(required=True, validate=validate.Range(0, 5000))
    unit = fields.String(required=True, validate=validate.OneOf(["workday", "day", "month", "year"]))
    count_start = fields.Boolean(load_default=False)


class BodyFacts(Schema):
    name_zh = fields.String(validate=validate.Length(1, 200))
    name_en = fields.String(validate=validate.Length(1, 200))
    kind = fields.String()
    prefix = fields.String(validate=validate.Length(1, 20))
    phone = fields.String(validate=validate.Length(0, 100))
    address = fields.String(validate=validate.Length(0, 300))
    court_name = fields.String(validate=validate.Length(0, 200))
    reconsideration_name = fields.String(validate=validate.Length(0, 200))
    region_code = fields.String(validate=validate.Length(0, 6))
    parent_id = fields.UUID(allow_none=True)


class BodyChangeIn(BodyFacts):
    active = fields.Boolean()


class BodyIn(BodyFacts):
    code = fields.String(required=True, validate=validate.Length(1, 60))
    name_zh = fields.String(required=True, validate=validate.Length(1, 200))
    name_en = fields.String(required=True, validate=validate.Length(1, 200))
    kind = fields.String(required=True)
    prefix = fields.String(required=True, validate=validate.Length(1, 20))
    powers = fields.List(fields.String(), load_default=list)
    basis = fields.String(load_default="")


class ZoneIn(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 60))
    name_zh = fields.String(required=True, validate=validate.Length(1, 200))
    name_en = fields.String(load_default="", validate=validate.Length(0, 200))
    body_id = fields.UUID(required=True)


class PowerIn(Schema):
    body_id = fields.UUID(required=True)
    matter = fields.String(required=True, validate=validate.Length(1, 60))
    basis = fields.String(required=True, validate=validate.Length(1, 500))
    valid_from = fields.Date(required=True)
    zone_code = fields.String(allow_none=True)


class PowerEndIn(Schema):
    last_day = fields.Date(required=True)


class EnterpriseFacts(Schema):
    name = fields.String(validate=validate.Length(1, 200))
    address = fields.String(validate=validate.Length(1, 300))
    legal_representative = fields.String(validate=validate.Length(1, 100))
    contact_name = fields.String(validate=validate.Length(0, 100))
    contact_phone = fields.String(validate=validate.Length(0, 100))
    industry = fields.String(validate=validate.Length(0, 10))
    zone_code = fields.String(allow_none=True)


class EnterpriseIn(EnterpriseFacts):
    credit_code = fields.String(required=True, validate=validate.Length(18, 18))
    name = fields.String(required=True, validate=validate.Length(1, 200))
    address = fields.String(required=True, validate=validate.Length(1, 300))
    legal_representative = fields.String(required=True, validate=validate.Length(1, 100))


class UserChangeIn(Schema):
    name = fields.String(validate=validate.Length(1, 100))
    active = fields.Boolean()


class PasswordIn(Schema):
    password = fields.String(required=True, validate=validate.Length(1, 500))


class OwnPasswordIn(Schema):
    present = fields.String(required=True, validate=validate.Length(1, 500))
    password = fields.String(required=True, validate=validate.Length(1, 500))


class CodeIn(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 50))


class RoleIn(Schema):
    role = fields.String(required=True)
    body_id = fields.UUID()


class UserIn(Schema):
    login = fields.String(required=True, validate=validate.Length(1, 100))
    name = fields.String(required=True, validate=validate.Length(1, 100))
    password = fields.String(required=True, validate=validate.Length(1, 500))
    role = fields.String(required=True)
    body_id = fields.UUID()
    enterprise_id = fields.UUID()


class MigrateIn(Schema):
    definition_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=validate.Length(max=2000))
    mapping = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class SaveFileIn(Schema):
    name = fields.String(required=True)
    content = fields.String(required=True, validate=validate.Length(max=4_000_000))
    expected = fields.String(required=True)


class RetireIn(Schema):
    valid_to = fields.Date()
