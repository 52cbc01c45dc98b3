//! The faults, by the numbers of the security rows.

mod clients;
mod database;
mod disk;
mod hostile;
mod mail;
mod processes;
mod races;

use std::{pin::Pin, sync::Arc};

use crate::{Form, invariants::Figures, postgres::Postgres};

type Running = Pin<Box<dyn Future<Output = Figures>>>;

/// One fault.
pub struct Fault {
    pub name: &'static str,
    /// Whether it is part of the short form.
    pub short: bool,
    pub run: fn(Arc<Postgres>, Form) -> Running,
}

macro_rules! fault {
    ($short:expr, $module:ident :: $name:ident) => {
        Fault { name: stringify!($name), short: $short, run: |postgres, form| Box::pin($module::$name(postgres, form)) }
    };
}

/// All of them, in the order of the rows.
pub const FAULTS: &[Fault] = &[
    fault!(true, database::f1_postgresql_restarts),
    fault!(false, database::f2_pool_exhausted_behind_locks),
    fault!(false, database::f3_slow_postgresql),
    fault!(true, database::f4_black_hole),
    fault!(false, database::f4_one_way_and_drip),
    fault!(false, disk::f5_disk_full),
    fault!(true, processes::f6_kill_9_mid_sign_up),
    fault!(true, processes::f7_sigterm_in_flight),
    fault!(false, processes::f8_clock_jumps_on_one_replica),
    fault!(false, races::f9_two_replicas_one_sign_up),
    fault!(false, races::f10_two_replicas_one_token),
    fault!(false, races::f11_password_change_beside_sign_in_and_out),
    fault!(false, races::t2_held_requests_around_a_sign_out),
    fault!(true, processes::f12_four_replicas_migrate_at_once),
    fault!(false, mail::f13_mail_server_fails),
    fault!(false, mail::f13_no_mail_server),
    fault!(true, clients::f14_clients_that_hang_up),
    fault!(false, clients::f15_slow_clients),
    fault!(false, clients::f16_idle_connections),
    fault!(true, clients::f16_out_of_files),
    fault!(false, hostile::f17_f19_f20_f21_hostile_input),
    fault!(false, clients::f22_storm_of_sign_ins),
    fault!(false, processes::f25_secret_rotation),
    fault!(false, database::f26_read_only_postgresql),
];
