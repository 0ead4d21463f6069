"""One Viewflow flow a size: user tasks in a row."""

from __future__ import annotations

import os
from typing import Any

from django.http import HttpRequest, JsonResponse
from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process


def _view(request: HttpRequest) -> JsonResponse:
    return JsonResponse({})


def _begin(activation: Any) -> Any:
    return activation.process


def _flow(size: int) -> type:
    nodes: dict[str, Any] = {
        "process_class": Process,
        "lock_impl": lock.select_for_update_lock,
        "__module__": __name__,
        "start": flow.StartHandle(_begin).Next(this.t0),
        "end": flow.End(),
    }
    for n in range(size):
        following = getattr(this, f"t{n + 1}") if n + 1 < size else this.end
        nodes[f"t{n}"] = flow.View(_view).Next(following)
    return type(f"Flow{size}", (flow.Flow,), nodes)


FLOWS = {int(size): _flow(int(size)) for size in os.environ["PEER_SIZES"].split(",")}
globals().update({cls.__name__: cls for cls in FLOWS.values()})
