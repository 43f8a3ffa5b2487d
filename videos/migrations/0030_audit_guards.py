from django.db import migrations

from videos.audit import guards


def add(apps, schema_editor):
    guards.add_guards(schema_editor.connection)


def remove(apps, schema_editor):
    guards.remove_guards(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('videos', '0029_audit'),
    ]

    operations = [migrations.RunPython(add, remove)]
