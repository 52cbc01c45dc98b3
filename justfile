# What one does here, each in one word. Every recipe is one command, so that none of it needs `just`.

[private]
default:
    @just --list

# Run the service, with a database of its own, at http://localhost:8080
run *args:
    cargo run -- {{ args }}

# Run the tests
test *args:
    cargo test {{ args }}

# Check everything that needs no running service: format, lints, .sqlx, dependencies
check:
    scripts/check

# Follow people through a real browser
browser *args:
    scripts/browser {{ args }}

# Break two replicas in every way there is, and look at what they promised
faults *args:
    scripts/faults {{ args }}

# Measure
bench *args:
    cargo bench {{ args }}

# Open psql on the database of the running service
db *args:
    scripts/db {{ args }}

# Refresh .sqlx after a change to a query or to the schema
prepare:
    scripts/sqlx-fresh --write

# Fuzz what strangers send: every target for a minute, or `just fuzz 600 next`
fuzz *args:
    scripts/fuzz {{ args }}

# Put five real proxies in front of an app, with the configurations of deploy/proxies
proxies *args:
    scripts/proxies {{ args }}

# Exchange tokens with two other implementations of JOSE
jose-interop *args:
    scripts/jose-interop {{ args }}

# Lose the primary of two replicas behind HAProxy, and see what that costs
scaled *args:
    scripts/scaled {{ args }}

# Run the tests through PgBouncer
pgbouncer *args:
    scripts/test-pgbouncer {{ args }}
