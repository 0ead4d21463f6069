"""What the API of pilots takes in."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from registers import pilot_events
from registers.pilot_tables import CAUSES, GROUNDS, LIGHTS
from workflows import piloting, reformwork

TEXT = validate.Length(1, 4000)


class PilotDayIn(Schema):
    on = fields.Date(load_default=None, allow_none=True)


class BoardIn(PilotDayIn):
    programme = fields.String(load_default="")
    light = fields.String(load_default="", validate=validate.OneOf(["", "red", "yellow", "green", "grey"]))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class PilotDueIn(PilotDayIn):
    programme = fields.String(load_default="")
    days = fields.Integer(load_default=30, validate=validate.Range(-1, 3660))


class SlipsIn(PilotDayIn):
    programme = fields.String(load_default="")
    cause = fields.String(required=True, validate=validate.OneOf(list(CAUSES)))


class PilotAssignIn(Schema):
    lead = fields.String(load_default="")
    approver = fields.String(load_default="")


class PilotTaskIn(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 300))
    due = fields.Date(required=True)
    deliverable = fields.String(load_default="", validate=validate.Length(max=500))
    source = fields.String(required=True, validate=validate.Length(1, 300))


class ReachIn(Schema):
    key = fields.String(required=True)
    on = fields.Date(required=True)
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class PilotPreviewIn(Schema):
    key = fields.String(required=True)
    on = fields.Date(required=True)


class PilotPushIn(PilotPreviewIn):
    cause = fields.String(required=True, validate=validate.OneOf(list(CAUSES)))
    reason = fields.String(required=True, validate=validate.Length(1, 2000))


class DeliverIn(Schema):
    key = fields.String(required=True)
    title = fields.String(required=True, validate=validate.Length(1, 300))
    note = fields.String(load_default="", validate=validate.Length(max=2000))
    file_id = fields.UUID(load_default=None, allow_none=True)


class PilotReportIn(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(list(piloting.REPORTS)))
    light = fields.String(required=True, validate=validate.OneOf(list(LIGHTS)))
    said = fields.String(required=True, validate=validate.Length(1, 10_000))


class PilotNoteIn(Schema):
    reason = fields.String(required=True, validate=TEXT)
    document = fields.String(load_default="", validate=validate.Length(max=500))


class IndicatorIn(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 60))
    title = fields.String(required=True, validate=validate.Length(1, 200))
    unit = fields.String(load_default="", validate=validate.Length(max=40))
    better = fields.String(required=True, validate=validate.OneOf(["up", "down"]))
    baseline = fields.Decimal(load_default=None, allow_none=True, places=None)
    target = fields.Decimal(load_default=None, allow_none=True, places=None)
    target_on = fields.Date(load_default=None, allow_none=True)
    source = fields.String(required=True, validate=validate.Length(1, 300))


class PilotValueIn(Schema):
    key = fields.String(required=True)
    on = fields.Date(required=True)
    value = fields.Decimal(required=True, places=None)
    source = fields.String(required=True, validate=validate.Length(1, 300))


class RiskIn(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 300))
    level = fields.String(required=True, validate=validate.OneOf(["low", "middle", "high"]))
    measures = fields.String(load_default="", validate=validate.Length(max=2000))
    owner = fields.String(load_default="", validate=validate.Length(max=100))


class RiskCloseIn(Schema):
    closing = fields.String(required=True, validate=validate.Length(1, 2000))


class PilotEventIn(Schema):
    on = fields.Date(required=True)
    ground = fields.String(required=True, validate=validate.OneOf(list(GROUNDS)))
    said = fields.String(required=True, validate=TEXT)
    document = fields.String(load_default="", validate=validate.Length(max=500))


class PilotEventSettleIn(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(list(pilot_events.OUTCOMES)))
    reason = fields.String(required=True, validate=TEXT)
    document = fields.String(load_default="", validate=validate.Length(max=500))


class CompareIn(Schema):
    metric = fields.String(required=True, validate=validate.OneOf(list(reformwork.METRICS)))
    procedure = fields.String(required=True)
    zone = fields.String(load_default=None, allow_none=True)
    base_first = fields.Date(load_default=None, allow_none=True)
    base_last = fields.Date(load_default=None, allow_none=True)
    base_value = fields.Decimal(load_default=None, allow_none=True, places=None)
    base_source = fields.String(load_default="", validate=validate.Length(max=500))
    reform_first = fields.Date(required=True)
    reform_last = fields.Date(required=True)
    claimed_percent = fields.Decimal(load_default=None, allow_none=True, places=None)
