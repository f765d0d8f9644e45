"""django-pghistory: a goal updated through Django's ORM; a trigger keeps each former row, in the same transaction.

`python -m benchmarks.peers.pghistory URL`: a worker process, without a server, which is kinder to it: behind
Django's own handlers it could only be slower.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

from benchmarks.peers.worker_loop import Work, serve_stdin_with_threads

GOALS, OWNER = 800, "owner"


def _configure_django(url: str) -> None:
    parts = urlsplit(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        # One connection for each thread, kept.
        "CONN_MAX_AGE": None,
    }
    apps = ["pgtrigger", "pghistory"]
    keys = "django.db.models.BigAutoField"
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps, USE_TZ=True, DEFAULT_AUTO_FIELD=keys)
    django.setup()


def _create_model() -> Any:
    """The model and its history table, both created, with the trigger installed."""
    import pghistory
    import pgtrigger
    from django.core.management import call_command
    from django.db import connection, models

    @pghistory.track()
    class Goal(models.Model):  # noqa: DJ008 - nobody prints it
        title = models.TextField()
        owner = models.TextField()
        sponsor = models.TextField()
        status = models.TextField()
        note = models.TextField()
        progress = models.TextField()
        confidence = models.TextField()
        checked_in_at = models.DateTimeField(null=True)
        version = models.IntegerField()

        class Meta:
            # The one application here that has a history.
            app_label = "pghistory"
            db_table = "goals"

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Goal)
        editor.create_model(Goal.pgh_event_model)
    pgtrigger.install()
    return Goal


def make_workers(model: Any, clients: int) -> Sequence[Work]:
    """Each client has goals of its own."""
    from django.db import transaction
    from django.utils import timezone

    ids = list(model.objects.order_by("id").values_list("id", flat=True))

    def check_in(goal_id: int) -> None:
        with transaction.atomic():
            goal = model.objects.get(id=goal_id)
            if goal.owner != OWNER or goal.status != "agreed":
                raise PermissionError(goal_id)
            goal.note, goal.progress, goal.confidence = "on the way, as planned", "0.4", "0.8"
            goal.checked_in_at, goal.version = timezone.now(), goal.version + 1
            goal.save(update_fields=["note", "progress", "confidence", "checked_in_at", "version"])

    def work(number: int) -> Work:
        own = cycle(ids[number::clients])
        return lambda: check_in(next(own))

    return [work(number) for number in range(clients)]


def main(url: str) -> None:
    _configure_django(url)
    from django.db import connections

    model = _create_model()
    fields = {"sponsor": "sponsor", "status": "agreed", "note": "", "progress": "0", "confidence": "1", "version": 1}
    model.objects.bulk_create(model(title=f"goal {number}", owner=OWNER, **fields) for number in range(GOALS))
    # Django keeps a connection for each thread, also of one that has ended.
    serve_stdin_with_threads(lambda clients: make_workers(model, clients), connections.close_all)


if __name__ == "__main__":
    main(*sys.argv[1:])
