#!/bin/sh
# What a container does: web, worker, scheduler or migrate; anything else is a command of manage.py.
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
