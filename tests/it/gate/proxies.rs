//! Real proxies with the configurations of `deploy/proxies`.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::tls::{self, Client, NAME};

/// A proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Nginx,
    Haproxy,
    Caddy,
    Traefik,
    Envoy,
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
        }
    }

    /// Finds the program: of this machine, or where `scripts/proxies` put it. With `VESTIBULE_PROXIES=all` one that is
    /// missing fails the test.
    pub fn find(self) -> Option<PathBuf> {
        let name = self.program();
        let path = env::var_os("PATH").unwrap_or_default();
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/proxies/bin");
        let folders = env::split_paths(&path).chain([installed, "/usr/sbin".into()]);
        let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
        if found.is_none() {
            assert_ne!(
                env::var("VESTIBULE_PROXIES").as_deref(),
                Ok("all"),
                "{name} is not installed: run scripts/proxies"
            );
            eprintln!("not tested: {name} is not installed; scripts/proxies installs it");
        }
        found
    }
}

/// A proxy in front of the service and an app.
pub struct Running {
    pub client: Client,
    /// The protected host.
    pub origin: String,
    child: Child,
    folder: TempDir,
}

impl Running {
    /// Starts a proxy, and waits until it answers with its certificate.
    pub async fn start(kind: Kind, program: &Path, service: SocketAddr, app: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("a port").port();
        let client = tls::certificate(folder.path(), (Ipv4Addr::LOCALHOST, port).into());
        let here = Here { folder: folder.path(), port, service, app };
        let mut command = Command::new(program);
        match kind {
            Kind::Nginx => here.nginx(&mut command),
            Kind::Haproxy => here.haproxy(&mut command),
            Kind::Caddy => here.caddy(&mut command),
            Kind::Traefik => here.traefik(&mut command),
            Kind::Envoy => here.envoy(&mut command),
        }
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        command.env("HOME", folder.path()).stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let mut running = Self { client, origin: format!("https://{NAME}:{port}"), child, folder };
        let started = Instant::now();
        while running.client.connect().await.is_err() {
            let ended = running.child.try_wait().expect("a process");
            assert!(ended.is_none() && started.elapsed() < Duration::from_secs(30), "{kind:?}: {}", running.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running
    }

    /// What the proxy said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // In order, so that its workers go too.
        Command::new("kill").arg(self.child.id().to_string()).status().ok();
        let started = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && started.elapsed() < Duration::from_secs(3) {
            sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the configurations are changed to.
struct Here<'a> {
    folder: &'a Path,
    port: u16,
    service: SocketAddr,
    app: SocketAddr,
}

impl Here<'_> {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a path").to_owned()
    }

    /// A configuration with its own changes, then those that all have in common. Every one of them is there.
    fn write(&self, name: &str, own: &[(&str, &str)]) -> String {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/proxies").join(name);
        let mut text = fs::read_to_string(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (example, here) in own {
            assert!(text.contains(example), "{name} has no {example}");
            text = text.replace(example, here);
        }
        for (example, here) in [
            ("127.0.0.1:8080", self.service.to_string()),
            ("127.0.0.1:3000", self.app.to_string()),
            ("/etc/ssl/", format!("{}/", self.folder.display())),
        ] {
            text = text.replace(example, &here);
        }
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn nginx(&self, command: &mut Command) {
        let host = format!("set $vestibule_host {NAME}:{}", self.port);
        let own = [
            ("listen 443 ssl", format!("listen 127.0.0.1:{} ssl", self.port)),
            ("server_name app.example.com", format!("server_name {NAME}")),
            ("set $vestibule_host app.example.com", host),
        ];
        let site = self.write("nginx.conf", &own.each_ref().map(|(example, here)| (*example, here.as_str())));
        let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", self.path(kind)))
            .concat();
        let main = format!(
            "daemon off;\nworker_processes 1;\npid {};\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{folders}include {site};\n}}\n",
            self.path("pid")
        );
        fs::write(self.path("main.conf"), main).expect("a file");
        command.args(["-c", &self.path("main.conf"), "-p", &self.path("")]);
    }

    fn haproxy(&self, command: &mut Command) {
        let lua = self.write("haproxy.lua", &[]);
        let (bind, host) = (format!("bind 127.0.0.1:{} ssl", self.port), format!("{NAME}:{}", self.port));
        let own = [("bind :443 ssl", bind.as_str()), ("app.example.com", &host), ("/etc/haproxy/haproxy.lua", &lua)];
        command.args(["-db", "-f", &self.write("haproxy.cfg", &own)]);
    }

    fn caddy(&self, command: &mut Command) {
        let (pem, key) = (self.path("app.pem"), self.path("app.key"));
        let site = format!(
            "{{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}}\nhttps://{NAME}:{} {{\n\ttls {pem} {key}\n",
            self.port
        );
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(self.write("Caddyfile", &[("app.example.com {\n", &site)]));
    }

    fn traefik(&self, command: &mut Command) {
        let rules = self.write("traefik.yml", &[("Host(`app.example.com`)", &format!("Host(`{NAME}`)"))]);
        let main = format!(
            "global: {{ checkNewVersion: false, sendAnonymousUsage: false }}\n\
             entryPoints: {{ websecure: {{ address: \"127.0.0.1:{}\" }} }}\n\
             providers: {{ file: {{ filename: {rules} }} }}\n",
            self.port
        );
        fs::write(self.path("main.yml"), main).expect("a file");
        command.arg(format!("--configFile={}", self.path("main.yml")));
    }

    fn envoy(&self, command: &mut Command) {
        let host = format!("{NAME}:{}", self.port);
        let port = |address: SocketAddr| format!("port_value: {} }}", address.port());
        let own = [
            ("address: 0.0.0.0, port_value: 443 }", format!("address: 127.0.0.1, port_value: {} }}", self.port)),
            ("app.example.com", host),
            ("port_value: 8080 }", port(self.service)),
            ("port_value: 3000 }", port(self.app)),
        ];
        let config = self.write("envoy.yaml", &own.each_ref().map(|(example, here)| (*example, here.as_str())));
        command.args(["-c", &config, "--log-level", "error", "--concurrency", "1", "--disable-hot-restart"]);
    }
}
