"""Steps that ended are listed by when they did, and those of one moment by their ids: from the index alone."""

from django.db import migrations, models

from gilfoyle.lib.indexes import AddIndexBesideWriters, RemoveIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False  # an index is built beside writers, which no transaction can do

    dependencies = [
        ('processing', '0008_lists_of_a_million'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='step',
            index=models.Index(fields=['status', '-finished_at', '-id'], name='step_ended_in_order'),
        ),
        AddIndexBesideWriters(
            model_name='step',
            index=models.Index(fields=['kind', 'status', '-finished_at', '-id'], name='step_of_kind_in_order'),
        ),
        RemoveIndexBesideWriters(
            model_name='step',
            name='step_ended',
        ),
        RemoveIndexBesideWriters(
            model_name='step',
            name='step_of_kind',
        ),
    ]
