-- Sign-ins whose password was right and whose second factor is still to come. They are no sessions: the
-- browser holds a secret that opens the pages which ask for the factor, for ten minutes, and nothing else.
create table pending_sign_ins (
    digest          bytea       not null,  -- SHA-256 of the browser's secret
    user_id         uuid        not null,
    password_set_at timestamptz not null,  -- of the password that was shown: another one ends this
    remembered      boolean     not null,
    next            text,
    failed_before   integer     not null,  -- how many passwords had failed before
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null,
    used_at         timestamptz,

    constraint pending_sign_ins_pkey primary key (digest),
    constraint pending_sign_ins_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint pending_sign_ins_digest_length check (octet_length(digest) = 32)
);

create index pending_sign_ins_user_id_idx on pending_sign_ins (user_id);
create index pending_sign_ins_expires_at_idx on pending_sign_ins (expires_at);

-- Ceremonies of WebAuthn between their challenge and its answer.
create table webauthn_ceremonies (
    digest     bytea       not null,  -- SHA-256 of the browser's secret
    purpose    text collate "C" not null,
    user_id    uuid,                  -- none for a sign-in by passkey alone
    bound_to   bytea,                 -- the session or the pending sign-in that it belongs to
    state      jsonb       not null,  -- the challenge and what is asked of its answer, as webauthn-rs keeps them
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,

    constraint webauthn_ceremonies_pkey primary key (digest),
    constraint webauthn_ceremonies_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint webauthn_ceremonies_digest_length check (octet_length(digest) = 32),
    constraint webauthn_ceremonies_purpose_known check (purpose in ('register', 'sign-in', 'second-factor', 'reauth'))
);

create index webauthn_ceremonies_user_id_idx on webauthn_ceremonies (user_id);
create index webauthn_ceremonies_expires_at_idx on webauthn_ceremonies (expires_at);

-- "Remember this browser": no second factor is asked for in it until then, while the password stays the
-- one that was shown. What the owner reads in the list of such browsers stands beside it.
alter table known_browsers
    add column id                  uuid not null default gen_random_uuid(),
    add column trusted_until       timestamptz,
    add column trusted_password_at timestamptz,
    add column address             inet,
    add column user_agent          text,
    add constraint known_browsers_trust_whole
        check ((trusted_until is null) = (trusted_password_at is null)),
    add constraint known_browsers_user_agent_length check (char_length(user_agent) <= 256);
