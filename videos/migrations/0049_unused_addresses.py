"""Addresses note that their file has arrived, so that those without one are found. Indexes of what is few among all uploads."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from gilfoyle.lib.indexes import AddIndexBesideWriters

BATCH = 2000


def note_arrivals(apps: Any, _schema_editor: Any) -> None:
    """Note what has arrived by now, a batch after the other; begun again it goes on where it was."""
    grants, uploads = apps.get_model("videos", "UploadGrant").objects, apps.get_model("videos", "Upload").objects
    last = ""
    while ids := list(grants.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        of_it = uploads.filter(grant=models.OuterRef("pk"), status="finished").exclude(kind="partial")
        first = of_it.order_by("finished_at").values("finished_at")[:1]
        lacking = grants.filter(models.Exists(of_it), pk__in=ids, arrived_at=None)
        lacking.update(arrived_at=models.Subquery(first))
        last = ids[-1]


class Migration(migrations.Migration):
    atomic = False  # an index is built beside writers, which no transaction can do
    old_code_lives_because = (
        "Old code leaves the new column NULL; whoever looks for addresses without a file looks at their uploads, too."
    )

    dependencies = [
        ('videos', '0048_searches_of_a_million'),
    ]

    operations = [
        migrations.AddField(
            model_name='uploadgrant',
            name='arrived_at',
            field=models.DateTimeField(
                help_text='When it was noted that its file is there. Uploads are the truth: this finds addresses without one soon.',
                null=True,
            ),
        ),
        migrations.RunPython(note_arrivals, migrations.RunPython.noop, elidable=True),
        AddIndexBesideWriters(
            model_name='uploadgrant',
            index=models.Index(
                condition=models.Q(('arrived_at__isnull', True), ('revoked_at__isnull', True)),
                fields=['-created_at'],
                name='upload_grant_unused',
            ),
        ),
        AddIndexBesideWriters(
            model_name='directupload',
            index=models.Index(
                condition=models.Q(('is_joining', True), ('is_settled', False)), fields=['id'], name='direct_joining'
            ),
        ),
        AddIndexBesideWriters(
            model_name='sparesource',
            index=models.Index(fields=['video_id'], name='spare_source_of_video'),
        ),
    ]
