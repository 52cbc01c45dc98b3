-- What is being set up belongs to the session in which that began: nobody confirms a seed that somebody
-- else has seen.
alter table totp_factors add column session_id uuid;

create unique index totp_factors_enrolment_unique on totp_factors (session_id) where confirmed_at is null;
-- The head of a sealed seed names its key: which keys are in use, and what is to be sealed anew.
create index totp_factors_sealing_key_idx on totp_factors (substring(seed from 1 for 5), id)
    where confirmed_at is not null;
