//! Counts refused sign-ins without an account before they become events.
//!
//! Anyone can cause them, so an event for each would fill the audit log. [`add`] counts them by network and minute, in
//! the transaction that refuses. After each minute, [`close`] replaces each count with one event that contains it.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use sqlx::PgConnection;

use super::Event;

/// How many networks are counted separately in one minute; the others are counted together.
const NETWORKS_MAX: i64 = 32;

/// Counts one refusal.
pub(super) async fn add(connection: &mut PgConnection, address: IpAddr) -> sqlx::Result<()> {
    let network = match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 64).trunc().into(),
        address @ IpAddr::V4(_) => IpNet::from(address),
    };
    sqlx::query!(
        r#"
        with present as (
            select count(*) >= $3 and coalesce(not bool_or(network = $1), true) as full
            from audit_refusals where minute = date_trunc('minute', now())
        )
        insert into audit_refusals as r (minute, network)
        select date_trunc('minute', now()), case when present.full then $2 else $1 end from present
        on conflict (minute, network) do update set count = r.count + 1
        "#,
        network as IpNet,
        everywhere() as IpNet,
        NETWORKS_MAX,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Turns the counts of past minutes into events, and returns how many. Includes counts from the future, which a clock
/// that was ahead may have left.
pub async fn close(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        with closed as (
            delete from audit_refusals where minute <> date_trunc('minute', now()) returning network, count
        ), event as (
            insert into audit_events (kind, version, detail, actor_kind, address)
            select 'sign_in_failed', $1::smallint,
                case when count = 1 then '{}' else jsonb_build_object('times', count) end,
                'visitor', nullif(network, $2)
            from closed returning seq
        )
        insert into audit_pending (event_seq) select seq from event
        "#,
        Event::VERSION,
        everywhere() as IpNet,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Stands for all networks beyond [`NETWORKS_MAX`].
fn everywhere() -> IpNet {
    Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0).into()
}
