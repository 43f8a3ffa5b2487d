#!/bin/sh
# What a container does: web, worker, scheduler, migrate or await_migrations; anything else is a command of manage.py.
set -eu
cd /app
role=${1:-web}
[ $# -gt 0 ] && shift

case $role in
web)
    exec gunicorn -c python:gilfoyle.web_server gilfoyle.wsgi:application "$@"
    ;;
worker)
    # All pools, each started again when it dies.
    exec python manage.py up --only work encode package "$@"
    ;;
await_migrations)
    # Until the database has all tables of this version; what is there beyond them is a newer version's. For a rollout in
    # which nothing but the orchestrator's own patience limits how long that takes.
    until python manage.py migrate --check "$@"; do
        echo "The database is not this version's yet, or can't be reached; asked again in 5 seconds."
        sleep 5
    done
    ;;
scheduler | migrate)
    exec python manage.py "$role" "$@"
    ;;
healthcheck)
    exec python -c '
import os, sys, urllib.request
url = "http://127.0.0.1:%s/healthz/ready" % os.environ["GILFOYLE_PORT"]
sys.exit(urllib.request.urlopen(url, timeout=4).status != 200)
'
    ;;
*)
    exec python manage.py "$role" "$@"
    ;;
esac
