//! A service with a cache before its database.

use std::time::{Duration, Instant};

use axum::http::Method;
use platform_contract::value::{Timestamp, Uuid};
use platform_runtime::context::{Caller, Context};
use platform_runtime::{Executed, Request};
use platform_service::Running;
use platform_service::config::Config;
use platform_testing::http::{Answer, Client};
use serde_json::json;
use tempfile::TempDir;

use super::place;
use crate::domain;
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

/// How long its entries live.
const LIVES: Duration = Duration::from_secs(120);

struct Site {
    client: Client,
    running: Running,
    path: String,
    id: Uuid,
    folder: TempDir,
}

impl Site {
    /// A service with an account, once its cache answers.
    async fn start(cache: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = Config {
            cache: Some(cache.parse().expect("a location")),
            ..domain::config(folder.path())
        };
        let service = domain::service().cached(&platform_redis::CacheDriver, 120_000);
        let running = service.start(&config).await;
        let running = running.unwrap_or_else(|failure| panic!("{failure}"));
        let client = Client::new(running.url());
        let body = json!({ "holder": "Ada", "number": 1 });
        let made = client.post("/accounts", &body).await.expect("an answer");
        assert_eq!(made.status, 201, "{}", made.text());
        let path = made.header("location").expect("a location").to_owned();
        let (_, id) = path.rsplit_once('/').expect("an id");
        let site = Self {
            client,
            running,
            id: id.parse().expect("an id"),
            path,
            folder,
        };
        site.until_told("x0").await;
        site
    }

    /// Renames until the cache is told of it; to what at last.
    async fn until_told(&self, holder: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        for number in 0.. {
            let holder = format!("{holder}{number}");
            let changed = self.rename(&holder).await;
            if changed.header("x-position").is_none() {
                return holder;
            }
            assert!(Instant::now() < end, "the cache never answers");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("there are more numbers than time")
    }

    async fn rename(&self, holder: &str) -> Answer {
        let path = format!("{}/rename", self.path);
        let body = json!({ "holder": holder });
        let answer = self.client.post(&path, &body).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    /// Renames as a handler does, who has no caller that waits.
    async fn rename_aside(&self, holder: &str) {
        let runtime = self.running.runtime();
        let id = Uuid::now_v7();
        let request = Request {
            target: Some(self.id),
            new_id: false,
            input: json!({ "holder": holder }),
            context: Context::new(Caller::Anonymous, Timestamp::now(), id, id),
            with: Vec::new(),
            when_refused: Vec::new(),
            if_version: None,
        };
        let done = runtime.commands["Rename"].execute(runtime, request).await;
        assert!(matches!(done, Ok(Executed::Done { .. })), "{done:?}");
    }

    async fn holder(&self, headers: &[(&str, &str)]) -> String {
        let answer = self.client.send(Method::GET, &self.path, headers, "").await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        json["holder"].as_str().expect("a holder").to_owned()
    }

    async fn until_shown(&self, holder: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.holder(&[]).await != holder {
            assert!(Instant::now() < end, "`{holder}` is never shown");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Changes the row behind everybody's back.
    fn tamper(&self, holder: &str) {
        let file =
            rusqlite::Connection::open(self.folder.path().join("bank.db")).expect("the database");
        let changed = file.execute("UPDATE account SET holder = ?1", [holder]);
        assert_eq!(changed.expect("it is to be changed"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_show_at_once_to_who_made_them_and_soon_to_all() {
    let Some(url) = server("TEST_REDIS_URL") else {
        return;
    };
    let site = Site::start(&place(&url)).await;
    for number in 0..20 {
        let holder = format!("holder {number}");
        let changed = site.rename(&holder).await;
        // None, unless the machine is so busy that the cache was passed by.
        let position = changed.header("x-position").map(|it| ("x-position", it));
        let headers: Vec<_> = position.into_iter().collect();
        assert_eq!(site.holder(&headers).await, holder);
        assert_eq!(site.holder(&headers).await, holder);
    }
    // It is the cache that answers, as long as it is not passed by.
    let mut answers = false;
    for number in 0..20 {
        let holder = site.until_told(&format!("cached {number}-")).await;
        assert_eq!(site.holder(&[]).await, holder);
        site.tamper("nobody");
        answers = site.holder(&[]).await == holder;
        site.tamper(&holder);
        if answers {
            break;
        }
    }
    assert!(answers, "the cache never answers");
    site.rename_aside("Grace").await;
    site.until_shown("Grace").await;
    // What is gone is gone for the cache, too.
    let gone = site.client.send(Method::DELETE, &site.path, &[], "").await;
    assert_eq!(gone.expect("an answer").status, 204);
    let answer = site.client.get(&site.path).await.expect("an answer");
    assert_eq!(answer.status, 410, "{}", answer.text());
    let metrics = site.client.get("/metrics").await.expect("an answer").text();
    for outcome in ["hit", "miss"] {
        let line =
            format!(r#"microdb_cache_reads_total{{aggregate="account",outcome="{outcome}"}}"#);
        assert!(metrics.contains(&line), "{metrics}");
    }
    site.running.shutdown().await;
}

/// While the server is killed, everything is answered, and who changed something is never shown what was
/// before, though the cache has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_cache_is_no_error_and_nothing_old_to_who_changed_it() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let mut own = Own::start(Settings::default());
    let site = Site::start(&place(&own.url())).await;
    let before = site.until_told("Ada").await;
    assert_eq!(site.holder(&[]).await, before);
    own.kill();
    let changed = site.rename("Grace").await;
    assert_eq!(changed.header("x-position"), Some("ffffffffffffffff"));
    let cookie = changed.header("set-cookie").expect("a cookie").to_owned();
    let (pair, attributes) = cookie.split_once(';').expect("attributes");
    let lasts = format!("Max-Age={};", LIVES.as_secs() + 1);
    assert!(attributes.contains(&lasts), "{attributes}");
    assert_eq!(site.holder(&[]).await, "Grace");
    own.again();
    let end = Instant::now() + Duration::from_secs(8);
    let mut old = 0;
    while Instant::now() < end {
        assert_eq!(site.holder(&[("cookie", pair)]).await, "Grace");
        old += u32::from(site.holder(&[]).await == before);
    }
    println!("others were shown the old row {old} times");
    site.until_shown("Grace").await;
    site.until_told("again").await;
    site.running.shutdown().await;
}
