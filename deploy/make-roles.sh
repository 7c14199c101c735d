#!/bin/bash
# Run once by the database's image when its volume is new: makes the two roles of Steadfast.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v owner="$STEADFAST_OWNER_PASSWORD" -v app="$STEADFAST_APP_PASSWORD" <<'SQL'
CREATE ROLE steadfast_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner';
CREATE ROLE steadfast_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app';
ALTER DATABASE steadfast OWNER TO steadfast_owner;
SQL
