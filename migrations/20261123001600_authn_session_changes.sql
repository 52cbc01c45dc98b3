-- Tells every replica whose sessions may mean something else from now on, so that it can remember who is
-- signed in and forget it in time. The payload is the account's id; it is told when the change commits, once
-- for each account. What only puts a session's end off is not told.
create function tell_session_change() returns trigger language plpgsql as $$
begin
    -- The account of before and that of afterwards, should a row ever change hands; one word for both where
    -- they are the same.
    if tg_op <> 'INSERT' then
        perform pg_notify('vestibule_sessions', to_jsonb(old) ->> tg_argv[0]);
    end if;
    if tg_op <> 'DELETE' then
        perform pg_notify('vestibule_sessions', to_jsonb(new) ->> tg_argv[0]);
    end if;
    return null;
end
$$;

-- Whoever empties a table means everybody.
create function tell_all_sessions_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', 'all');
    return null;
end
$$;

-- A browser session that goes takes the session with it.
create function tell_browser_session_gone() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', user_id::text) from sessions
    where store_id = old.id collate "C" and revoked_at is null and least(idle_ends_at, absolute_ends_at) > now();
    return null;
end
$$;

create trigger sessions_change_told after update on sessions for each row
    when (
        (old.store_id, old.user_id, old.created_at, old.authenticated_at, old.aal, old.amr, old.remembered)
            is distinct from
            (new.store_id, new.user_id, new.created_at, new.authenticated_at, new.aal, new.amr, new.remembered)
        or new.revoked_at is distinct from old.revoked_at
        or new.idle_ends_at < old.idle_ends_at
        or new.absolute_ends_at is distinct from old.absolute_ends_at
        or new.last_seen_at < old.last_seen_at
    )
    execute function tell_session_change('user_id');
create trigger sessions_removal_told after delete on sessions for each row
    when (old.revoked_at is null and least(old.idle_ends_at, old.absolute_ends_at) > now())
    execute function tell_session_change('user_id');

create trigger browser_sessions_removal_told after delete or update of id on tower_sessions.session for each row
    execute function tell_browser_session_gone();

create trigger users_change_told after update on users for each row
    when (old.* is distinct from new.*)
    execute function tell_session_change('id');

-- A second factor that comes or goes decides what a session is worth; that it was used does not.
create trigger totp_factors_change_told after insert or delete or update of confirmed_at, user_id on totp_factors for each row
    execute function tell_session_change('user_id');
create trigger passkeys_change_told after insert or delete or update of user_id on passkeys for each row
    execute function tell_session_change('user_id');

create trigger sessions_emptied_told after truncate on sessions execute function tell_all_sessions_change();
create trigger browser_sessions_emptied_told after truncate on tower_sessions.session execute function tell_all_sessions_change();
create trigger users_emptied_told after truncate on users execute function tell_all_sessions_change();
create trigger totp_factors_emptied_told after truncate on totp_factors execute function tell_all_sessions_change();
create trigger passkeys_emptied_told after truncate on passkeys execute function tell_all_sessions_change();
