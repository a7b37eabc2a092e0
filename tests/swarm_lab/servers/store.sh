#!/bin/bash
# The store of the lab: PostgreSQL, and before it the server that speaks MongoDB's protocol: on TCP for who has a certificate,
# and on a Unix socket. Ends when either does.
set -euo pipefail

readonly DATA=/data/db/cluster SOCKETS=/tmp/postgres

if [[ $EUID -eq 0 ]]; then
  mkdir -p "$SOCKETS"
  chown postgres /data/db /run/simswarm "$SOCKETS"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
programs=$(echo /usr/lib/postgresql/*/bin)
if [[ ! -e $DATA ]]; then
  rm -rf "$DATA.new"
  "$programs/initdb" --auth-local=trust --auth-host=reject --no-sync --encoding=UTF8 --locale=C --pgdata="$DATA.new" >/dev/null
  mv "$DATA.new" "$DATA"
fi
rm -f "$DATA/postmaster.pid"
"$programs/postgres" -D "$DATA" -k "$SOCKETS" -c listen_addresses= -c max_connections=300 -c shared_buffers=64MB \
  -c dynamic_shared_memory_type=mmap &
until "$programs/pg_isready" -q -h "$SOCKETS"; do sleep 0.1; done
umask 0
standin --postgres "postgres:///postgres?user=postgres&host=%2Ftmp%2Fpostgres" --unix /run/simswarm/mongodb-27017.sock \
  --tls 0.0.0.0:27017 --cert /run/secrets/store_cert --key /run/secrets/store_key --ca /run/secrets/store_ca &
trap 'kill -INT %1; kill -TERM %2; wait' TERM INT
wait -n || true
kill -INT %1 || true
kill -TERM %2 || true
