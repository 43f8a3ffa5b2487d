#!/usr/bin/env bash
# Uploads a file straight to the bucket, in parts: direct-upload.sh FILE [UPLOAD_ID]
#
# DIRECT_URL is the `direct_url` of an upload address (POST /api/v1/uploads), or …/api/v1/uploads/direct with an API key
# in KEY. It prints the upload's id first: with it, the same command goes on where it was broken off.
set -euo pipefail
file=$1 id=${2:-} url=${DIRECT_URL:?is not set}
options=(--silent --show-error --fail-with-body --retry 5)
headers=(--header 'Content-Type: application/json')
[ -z "${KEY:-}" ] || headers+=(--header "Authorization: Bearer $KEY")

# What is refused is told in words.
call() { answer=$(curl "${options[@]}" "${headers[@]}" "$@") || { echo "$answer" >&2; exit 1; }; }
field() { python3 -c "import json, sys; answer = json.load(sys.stdin); print($1)" <<<"$answer"; }

if [ -z "$id" ]; then
    wish="{\"size_bytes\": $(stat -c %s "$file"), \"content_type\": \"video/mp4\"${PART_SIZE:+, \"part_size_bytes\": $PART_SIZE}}"
    call "$url" --data "$wish"
    id=$(field 'answer["upload_id"]')
fi
echo "$id"

call "$url/$id"
part_size=$(field 'answer["part_size_bytes"]')
for number in $(field '*sorted({*range(1, answer["part_count"] + 1)} - {p["part_number"] for p in answer["parts"]})'); do
    call "$url/$id/parts" --data "{\"parts\": [{\"part_number\": $number}]}"
    # Its headers are none here: they are for parts whose hash was given.
    dd if="$file" bs="$part_size" skip=$((number - 1)) count=1 iflag=fullblock status=none |
        curl "${options[@]}" --request PUT --header 'Content-Type:' --data-binary @- "$(field 'answer["parts"][0]["url"]')"
    echo "part $number" >&2
done
call "$url/$id/complete" --data '{}'
field 'answer["status"]'
