"""Indexes for lists, filters and searches of a million rows; what replaces another comes before that goes."""

from django.db import migrations, models

from gilfoyle.lib.indexes import AddIndexBesideWriters, RemoveIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False  # an index is built beside writers, which no transaction can do

    dependencies = [
        ('videos', '0046_webhooks_at_rest'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='auditentry',
            index=models.Index(fields=['object_id', 'object_type', '-id'], name='audit_about_object'),
        ),
        AddIndexBesideWriters(
            model_name='case',
            index=models.Index(fields=['subject_id', 'subject_type', 'project'], name='case_of_subject'),
        ),
        AddIndexBesideWriters(
            model_name='upload',
            index=models.Index(fields=['way', '-created_at'], name='upload_way_newest'),
        ),
        AddIndexBesideWriters(
            model_name='upload',
            index=models.Index(fields=['kind', 'lease_expires_at'], name='upload_spent_parts'),
        ),
        AddIndexBesideWriters(
            model_name='uploadgrant',
            index=models.Index(condition=models.Q(('revoked_at__isnull', False)), fields=['-created_at'], name='upload_grant_revoked'),
        ),
        AddIndexBesideWriters(
            model_name='video',
            index=models.Index(fields=['creator_id', 'project', '-created_at'], name='video_of_creator'),
        ),
        AddIndexBesideWriters(
            model_name='video',
            index=models.Index(fields=['external_id', 'project'], name='video_of_external_id'),
        ),
        AddIndexBesideWriters(
            model_name='video',
            index=models.Index(fields=['restriction', '-created_at'], name='video_restricted'),
        ),
        AddIndexBesideWriters(
            model_name='video',
            index=models.Index(condition=models.Q(('playable', False)), fields=['project', '-created_at', '-id'], name='video_not_playable'),
        ),
        AddIndexBesideWriters(
            model_name='video',
            index=models.Index(condition=models.Q(('status', 'failed')), fields=['-updated_at'], name='video_failed_last'),
        ),
        AddIndexBesideWriters(
            model_name='video',
            index=models.Index(fields=['project', 'status', 'stored_bytes'], name='video_bytes_by_status'),
        ),
        AddIndexBesideWriters(
            model_name='rendition',
            index=models.Index(condition=models.Q(('is_stopgap', True)), fields=['video'], name='rendition_stopgap'),
        ),
        RemoveIndexBesideWriters(
            model_name='auditentry',
            name='audit_of_object',
        ),
        RemoveIndexBesideWriters(
            model_name='case',
            name='case_by_subject',
        ),
        RemoveIndexBesideWriters(
            model_name='video',
            name='video_by_creator',
        ),
        RemoveIndexBesideWriters(
            model_name='video',
            name='video_by_external_id',
        ),
        RemoveIndexBesideWriters(
            model_name='video',
            name='video_bytes_of_project',
        ),
    ]
