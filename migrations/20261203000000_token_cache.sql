-- kind: expand
-- Replicas keep apps and what access tokens are worth in memory. What ends either is told to all of them.
create trigger app_secrets_notify_change after insert or update or delete or truncate on app_secrets
    for each statement execute function notify_apps_change();

-- The payload is the account's id, or that of a grant that an app has for itself.
create function notify_grant_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', coalesce(old.user_id, old.id)::text);
    return null;
end
$$;
comment on function notify_grant_change() is 'Invalidates what every replica remembers of the tokens of a grant.';
create trigger grants_notify_change after update on grants for each row
    when (old.* is distinct from new.*)
    execute function notify_grant_change();
create trigger grants_notify_removal after delete on grants for each row
    when (old.ended_at is null and old.expires_at > now())
    execute function notify_grant_change();
create trigger grants_notify_truncate after truncate on grants execute function notify_all_sessions_change();

create function notify_access_token_change() returns trigger language plpgsql as $$
begin
    -- A grant that is deleted with its tokens notifies for itself.
    perform pg_notify('vestibule_sessions', coalesce(user_id, id)::text) from grants where id = old.grant_id;
    return null;
end
$$;
comment on function notify_access_token_change() is 'Invalidates what every replica remembers of the tokens of a grant one of which changed.';
create trigger access_tokens_notify_change after delete or update on access_tokens for each row
    when (old.expires_at > now())
    execute function notify_access_token_change();
create trigger access_tokens_notify_truncate after truncate on access_tokens
    execute function notify_all_sessions_change();
