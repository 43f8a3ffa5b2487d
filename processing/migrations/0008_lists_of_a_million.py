"""Indexes for lists, filters and searches of a million rows; what replaces another comes before that goes."""

from django.db import migrations, models

from gilfoyle.lib.indexes import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False  # an index is built beside writers, which no transaction can do

    dependencies = [
        ('processing', '0007_where_jobs_begin'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='step',
            index=models.Index(fields=['status', '-finished_at'], name='step_ended'),
        ),
        AddIndexBesideWriters(
            model_name='step',
            index=models.Index(fields=['kind', 'status', '-finished_at'], name='step_of_kind'),
        ),
    ]
