-- kind: expand
-- When a profile last changed, for apps that compare it with what they keep (claim updated_at of OpenID Connect).
alter table users add column profile_updated_at timestamptz;
comment on column users.profile_updated_at is
    'When the username, display name, language or address last changed. Null: not since the account was created.';

-- A trigger, so that no statement can forget it.
create function note_profile_change() returns trigger language plpgsql as $$
begin
    new.profile_updated_at := now();
    return new;
end
$$;
comment on function note_profile_change() is 'Notes when a profile changed.';
create trigger users_note_profile_change before update of username, display_name, language, email on users for each row
    when ((old.username, old.display_name, old.language, old.email)
        is distinct from (new.username, new.display_name, new.language, new.email))
    execute function note_profile_change();
