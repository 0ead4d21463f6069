"""The peer: the same row of user tasks in Viewflow (Django), served by the same web server.

Runs in an environment of its own (`.venv-bench`) and knows nothing of OneWindow. A step there is what
Viewflow's own view does: lock the process, assign, start, store the remark, execute, in one transaction;
the caller is looked up by a token, as in ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="only for a benchmark on this machine",  # noqa: S106
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "CONN_MAX_AGE": 600,
            **json.loads(os.environ["PEER_DATABASE"]),
        }
    },
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "viewflow", "viewflow.workflow", "peerapp"],
    MIDDLEWARE=[f"{__name__}.authenticate"],
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from peerapp.flows import FLOWS  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402


def authenticate(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Viewflow wants to know the caller of every request: looked up by the token."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.user = User.objects.get(username=request.headers["Authorization"].removeprefix("Bearer "))
        return get_response(request)

    return middleware


def start(request: HttpRequest, size: int) -> JsonResponse:
    """Start a process; answer with its first task."""
    with transaction.atomic():
        process = FLOWS[size].start.run()
    return JsonResponse(
        {"task": Task.objects.filter(process=process, finished=None).values_list("pk", flat=True).first()}
    )


def complete(request: HttpRequest, task_id: int) -> JsonResponse:
    """Finish a task with a remark; answer with the next one."""
    person, remark = request.user, json.loads(request.body)["data"]["remark"]
    found = Task.objects.get(pk=task_id)
    with transaction.atomic(), found.flow_task.flow_class.lock(found.process_id):
        task = Task.objects.get(pk=task_id)
        activation = task.flow_task.activation_class(task)
        activation.assign(person)
        activation.start(request)
        activation.process.data = {**(activation.process.data or {}), task.flow_task.name: remark}
        activation.process.save()
        activation.execute()
        following = Task.objects.filter(process_id=task.process_id, finished=None).values_list("pk", flat=True).first()
    return JsonResponse({"task": following})


urlpatterns = [path("start/<int:size>", start), path("complete/<int:task_id>", complete)]
application = get_wsgi_application()


def prepare() -> None:
    """Make the tables and the caller."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.get_or_create(username="bench")


if __name__ == "__main__":
    prepare()
