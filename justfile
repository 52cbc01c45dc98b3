# The project's common tasks. Every recipe is one command, so `just` is optional.

[private]
default:
    @just --list

# Run the service with a private database at http://localhost:8080
run *args:
    cargo run -- {{ args }}

# Run the tests
test *args:
    cargo test {{ args }}

# Run the static checks: format, lints, .sqlx, dependencies
check:
    scripts/check

# Run the browser tests
browser *args:
    scripts/browser {{ args }}

# Run the fault tests: break two replicas and check the reliability promises
faults *args:
    scripts/faults {{ args }}

# Sign people in with the field's OpenID Connect clients
clients *args:
    scripts/clients {{ args }}

# Build the program as it is released, and follow a person through it
release *args:
    scripts/release {{ args }}

# Run the benchmarks
bench *args:
    cargo bench {{ args }}

# Open psql on the database of the running service
db *args:
    scripts/db {{ args }}

# Refresh .sqlx after a change to a query or to the schema
prepare:
    scripts/sqlx-fresh --write

# Fuzz the parsers of untrusted input: every target for a minute, or `just fuzz 600 next`
fuzz *args:
    scripts/fuzz {{ args }}

# Put five real proxies in front of an app, with the configurations of deploy/proxies
proxies *args:
    scripts/proxies {{ args }}

# Exchange tokens with two other implementations of JOSE
jose-interop *args:
    scripts/jose-interop {{ args }}

# Test failover: two replicas behind HAProxy lose their primary
scaled *args:
    scripts/scaled {{ args }}

# Run the tests through PgBouncer
pgbouncer *args:
    scripts/test-pgbouncer {{ args }}
