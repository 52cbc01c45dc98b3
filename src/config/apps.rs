//! Settings of the OpenID provider.

use std::{path::PathBuf, time::Duration};

use ipnet::IpNet;

use super::{Environment, network::networks, session::duration_within};

/// What apps get, and for how long.
#[derive(Clone, Debug)]
pub struct Apps {
    /// `VESTIBULE_ACCESS_TOKEN`: lifetime of access tokens.
    pub access_token: Duration,
    /// `VESTIBULE_ID_TOKEN`: lifetime of ID tokens.
    pub id_token: Duration,
    /// `VESTIBULE_REFRESH_IDLE`: lifetime of a refresh token that is not used.
    pub refresh_idle: Duration,
    /// `VESTIBULE_REFRESH_MAX`: lifetime of a grant, however often it is refreshed.
    pub refresh_max: Duration,
    /// `VESTIBULE_REFRESH_GRACE`: for how long a used refresh token answers with its successor.
    pub refresh_grace: Duration,
    /// `VESTIBULE_SIGNING_ROTATION`: for how long a key signs.
    pub signing_rotation: Duration,
    /// `VESTIBULE_APPS_FILE`: apps to add or change at the start.
    pub file: Option<PathBuf>,
    /// `VESTIBULE_OUTBOUND_NETWORKS`: private networks in which apps may be called.
    pub outbound_networks: Vec<IpNet>,
}

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

impl Apps {
    pub(super) fn read(env: &mut Environment) -> Self {
        let mut read = |name, wanted, least, most, default| {
            let within = Duration::from_secs(least)..=Duration::from_secs(most);
            env.parsed(name, wanted, |text| duration_within(text, &within)).unwrap_or(Duration::from_secs(default))
        };
        let short = "a duration from 30s to 1d such as 10m";
        let long = "a duration from 1m to 400d such as 14d";
        Self {
            access_token: read("VESTIBULE_ACCESS_TOKEN", short, 30, DAY, 10 * MINUTE),
            id_token: read("VESTIBULE_ID_TOKEN", short, 30, DAY, 10 * MINUTE),
            refresh_idle: read("VESTIBULE_REFRESH_IDLE", long, MINUTE, 400 * DAY, 14 * DAY),
            refresh_max: read("VESTIBULE_REFRESH_MAX", long, MINUTE, 400 * DAY, 90 * DAY),
            refresh_grace: read("VESTIBULE_REFRESH_GRACE", "a duration from 0s to 5m such as 30s", 0, 5 * MINUTE, 30),
            signing_rotation: read(
                "VESTIBULE_SIGNING_ROTATION",
                "a duration from 7d to 400d such as 90d",
                7 * DAY,
                400 * DAY,
                90 * DAY,
            ),
            file: env.text("VESTIBULE_APPS_FILE").map(PathBuf::from),
            outbound_networks: env
                .parsed(
                    "VESTIBULE_OUTBOUND_NETWORKS",
                    "networks such as 10.0.0.0/8,fd00::/8, separated by commas",
                    networks,
                )
                .unwrap_or_default(),
        }
    }
}
