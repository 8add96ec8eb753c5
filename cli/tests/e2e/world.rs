//! The whole product on this machine, for one test.
//!
//! Owns the processes of the stack, the servers where the test has its own, and the folder of their
//! logs, which is kept when the test fails. All of it is stopped when the world is dropped.

use std::{
    collections::BTreeMap,
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use attune_local::{
    AttuneStack, Postgres, PostgresOptions, RabbitMq, RabbitMqOptions, Stack,
    shared::{self, TestDatabase},
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::client::Client;

const ADMIN: &str = "admin";

/// What a test's world is made of.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// A PostgreSQL that the test may kill.
    pub(crate) own_postgres: bool,
    /// A RabbitMQ that the test may kill.
    pub(crate) own_rabbitmq: bool,
    /// More settings for every process.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
}

/// A running product. Fields are in the order of their stopping.
#[derive(Debug)]
pub(crate) struct World {
    stack: Mutex<Stack>,
    product: AttuneStack,
    rabbitmq: Mutex<Option<RabbitMq>>,
    postgres: Mutex<Option<Postgres>>,
    _database: Option<TestDatabase>,
    /// Logged in as the administrator.
    pub(crate) admin: Client,
    folder: TempDir,
}

impl World {
    /// Starts everything: two executors, on shared servers unless the plan says otherwise.
    pub(crate) async fn start(plan: Plan) -> Self {
        let password = Uuid::new_v4().to_string();
        let secret = password.clone();
        let mut world = tokio::task::spawn_blocking(move || Self::start_parts(&plan, &secret))
            .await
            .unwrap();
        world.admin = world.admin.log_in(ADMIN, &password).await;
        world
    }

    /// On shared servers, as installed.
    pub(crate) async fn usual() -> Self {
        Self::start(Plan::default()).await
    }

    fn start_parts(plan: &Plan, password: &str) -> Self {
        let folder = folder();
        let postgres = plan.own_postgres.then(|| {
            Postgres::start(
                &folder.path().join("postgres"),
                PostgresOptions::for_tests(),
            )
            .unwrap()
        });
        let rabbitmq = plan.own_rabbitmq.then(|| {
            RabbitMq::start(
                &folder.path().join("rabbitmq"),
                RabbitMqOptions::for_tests(),
            )
            .unwrap()
        });
        let database = postgres.is_none().then(|| shared::database().unwrap());
        let database_url = match (&postgres, &database) {
            (Some(postgres), _) => postgres.url(),
            (None, Some(database)) => database.url(),
            (None, None) => unreachable!("one of the two was just made"),
        };
        let bus_url = match &rabbitmq {
            Some(rabbitmq) => rabbitmq.amqp_url(),
            None => shared::rabbitmq().unwrap().amqp_url().to_owned(),
        };
        let work = |service: &str| folder.path().join("work").join(service);
        let mut env = BTreeMap::from([
            ("ATTUNE__DATABASE__URL".to_owned(), database_url),
            ("ATTUNE__BUS__URL".to_owned(), bus_url),
            ("ATTUNE__BUS__PREFIX".to_owned(), shared::prefix()),
            (
                "ATTUNE__AUTH__ADMIN_PASSWORD".to_owned(),
                password.to_owned(),
            ),
            (
                "ATTUNE__AUTH__SECRET".to_owned(),
                format!("{}{}", Uuid::new_v4(), Uuid::new_v4()),
            ),
            (
                "ATTUNE__SECRETS__KEY".to_owned(),
                format!("{}{}", Uuid::new_v4(), Uuid::new_v4()),
            ),
            (
                "ATTUNE__EXECUTOR__WORK_DIR".to_owned(),
                work("executor").display().to_string(),
            ),
            (
                "ATTUNE__SENSOR__WORK_DIR".to_owned(),
                work("sensor").display().to_string(),
            ),
        ]);
        for (name, value) in &plan.settings {
            env.insert((*name).to_owned(), (*value).to_owned());
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_attune"));
        let mut product = AttuneStack::new(binary, folder.path(), env);
        product.limit = Duration::from_secs(120);
        let (stack, api) = product.start().unwrap();
        Self {
            stack: Mutex::new(stack),
            product,
            rabbitmq: Mutex::new(rabbitmq),
            postgres: Mutex::new(postgres),
            _database: database,
            admin: Client::new(&format!("http://{api}")),
            folder,
        }
    }

    /// A place for packs and for files that actions write.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        let place = self.folder.path().join(name);
        std::fs::create_dir_all(&place).unwrap();
        place
    }

    /// The processes of the product.
    pub(crate) fn stack(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts one more executor with settings of its own, and waits until it is ready.
    pub(crate) fn add_executor(&self, name: &str, settings: &[(&str, &str)]) {
        let mut spec = self.product.executor(name).unwrap();
        for (key, value) in settings {
            spec.env.insert((*key).to_owned(), (*value).to_owned());
        }
        let mut stack = self.stack();
        stack.start(spec).unwrap();
        stack.wait_ready(name, self.product.limit).unwrap();
    }

    /// The value of a metric, over all executors.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let places: Vec<_> = {
            let stack = self.stack();
            let names = stack.names().into_iter();
            names
                .filter(|it| it.starts_with("executor"))
                .filter_map(|it| stack.ready_at(&it))
                .collect()
        };
        let mut sum = 0.0;
        for place in places {
            let answer = reqwest::get(format!("http://{place}/metrics"))
                .await
                .unwrap();
            let text = answer.text().await.unwrap();
            let lines = text.lines().filter(|line| line.starts_with(name));
            let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
            sum += values.sum::<f64>();
        }
        sum
    }

    /// Each process of the product with its id; panics if one does not run.
    pub(crate) fn pids(&self) -> BTreeMap<String, u32> {
        let mut stack = self.stack();
        let names = stack.names();
        names
            .into_iter()
            .map(|name| {
                let pid = stack.pid(&name);
                let pid = pid.unwrap_or_else(|| panic!("{name} does not run"));
                (name, pid)
            })
            .collect()
    }

    /// All of a process's log.
    pub(crate) fn log(&self, name: &str) -> String {
        let path = self.stack().log_path(name);
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Does something to the test's own PostgreSQL.
    pub(crate) fn with_postgres<T>(&self, act: impl FnOnce(&mut Postgres) -> T) -> T {
        let mut own = self.postgres.lock().unwrap_or_else(PoisonError::into_inner);
        act(own.as_mut().expect("the plan has a PostgreSQL of its own"))
    }

    /// Does something to the test's own RabbitMQ.
    pub(crate) fn with_rabbitmq<T>(&self, act: impl FnOnce(&mut RabbitMq) -> T) -> T {
        let mut own = self.rabbitmq.lock().unwrap_or_else(PoisonError::into_inner);
        act(own.as_mut().expect("the plan has a RabbitMQ of its own"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        self.folder.disable_cleanup(true);
        let stack = self.stack.get_mut().unwrap_or_else(PoisonError::into_inner);
        for name in stack.names() {
            eprintln!("--- {name}: {}", stack.log_tail(&name, 30));
        }
    }
}

/// Does something to a world that blocks the thread.
pub(crate) async fn blocking(world: &Arc<World>, act: impl FnOnce(&World) + Send + 'static) {
    let world = Arc::clone(world);
    tokio::task::spawn_blocking(move || act(&world))
        .await
        .unwrap();
}

/// A folder that a server running as another user can pass through.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("attune-e2e-")
        .tempdir()
        .unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    folder
}
