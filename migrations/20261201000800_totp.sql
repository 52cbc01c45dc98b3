-- kind: initial
-- Authenticator apps (TOTP, RFC 6238).
create table totp_factors (
    id           uuid        not null,
    user_id      uuid        not null,
    session_id   uuid,
    name         text        not null,
    seed         bytea       not null,
    last_step    bigint      not null default 0,
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz,
    last_used_at timestamptz,

    constraint totp_factors_pkey primary key (id),
    constraint totp_factors_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint totp_factors_name_length check (char_length(name) between 1 and 64)
);

create index totp_factors_user_id_idx on totp_factors (user_id);
create index totp_factors_unconfirmed_idx on totp_factors (created_at) where confirmed_at is null;
create unique index totp_factors_enrolment_unique on totp_factors (session_id) where confirmed_at is null;
-- A sealed seed begins with its version and key id: which keys are in use, and which seeds to re-encrypt, is read here.
create index totp_factors_sealing_key_idx on totp_factors (substring(seed from 1 for 5), id)
    where confirmed_at is not null;

comment on table totp_factors is
    'Authenticator apps. Deleted when removed, or after an hour when not confirmed.';
comment on column totp_factors.id is 'Random UUID, names the app in forms.';
comment on column totp_factors.user_id is 'The account.';
comment on column totp_factors.session_id is
    'sessions.id in which the app is being set up: only that session may confirm the seed it was shown. Null once confirmed.';
comment on column totp_factors.name is 'Label the user gave it.';
comment on column totp_factors.seed is
    'The shared secret, sealed with a key derived for this row: version (1 byte), key id (4), nonce (12), ciphertext and tag.';
comment on column totp_factors.last_step is 'Newest time step (30 seconds) whose code was used. No code of it or an older one works again.';
comment on column totp_factors.created_at is 'When setting it up began.';
comment on column totp_factors.confirmed_at is 'When a first code was shown. Null: being set up, not yet a factor.';
comment on column totp_factors.last_used_at is 'When a code was last used to sign in or authenticate again. Null: never.';

-- Adding or removing a second factor changes what a session is worth. Using one does not.
create trigger totp_factors_notify_change after insert or delete or update of confirmed_at, user_id on totp_factors
    for each row execute function notify_session_change('user_id');
create trigger totp_factors_notify_truncate after truncate on totp_factors execute function notify_all_sessions_change();

-- A session that gets another cookie was renewed by its owner: a seed that was shown under the old cookie may be known
-- to someone else.
create function delete_unconfirmed_totp_factors() returns trigger language plpgsql as $$
begin
    delete from totp_factors where session_id = new.id and confirmed_at is null;
    return null;
end
$$;
create trigger sessions_delete_unconfirmed_totp_factors after update of store_id on sessions for each row
    execute function delete_unconfirmed_totp_factors();

create or replace view account_factors as
select
    u.id as user_id,
    exists (select 1 from password_credentials c where c.user_id = u.id) as password,
    (select count(*) from totp_factors t where t.user_id = u.id and t.confirmed_at is not null) as totp,
    0::bigint as passkeys,
    0::bigint as recovery_codes,
    exists (select 1 from totp_factors t where t.user_id = u.id and t.confirmed_at is not null) as second
from users u;
