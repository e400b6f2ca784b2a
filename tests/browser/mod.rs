//! A browser without a window: Chromium, which `chromedriver` leads by the WebDriver protocol of the W3C.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the protocol calls the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one page; it ends when this is dropped.
pub struct Browser {
    driver: Child,
    /// The URL of its session.
    session: String,
}

impl Browser {
    /// Starts one.
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`tests/openapi/run page` installs it");
        let url = format!("http://127.0.0.1:{port}");
        let mut browser = Self {
            driver,
            session: url.clone(),
        };
        until("the browser's driver answers", || {
            let status = ask("GET", &format!("{url}/status"), &Value::Null).ok()?;
            status["ready"].as_bool()?.then_some(())
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // Its sandbox does not work for root, nor does the shared memory of most containers suffice.
            "goog:chromeOptions": { "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"] },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = ask("POST", &format!("{url}/session"), &wanted).unwrap();
        browser.session = format!("{url}/session/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.ask("POST", "url", &json!({ "url": url })).unwrap();
    }

    /// Clicks what a CSS selector finds, once it is there and can be clicked.
    pub fn click(&self, selector: &str) {
        until(&format!("`{selector}` can be clicked"), || {
            let element = self.find(selector)?;
            let click = format!("element/{element}/click");
            self.ask("POST", &click, &json!({})).ok()
        });
    }

    /// The text of what a CSS selector finds, once there is some.
    pub fn text(&self, selector: &str) -> String {
        until(&format!("`{selector}` says something"), || {
            let element = self.find(selector)?;
            let text = format!("element/{element}/text");
            let text = self.ask("GET", &text, &Value::Null).ok()?;
            let text = text.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        })
    }

    /// What the browser had to complain about in its console: errors of scripts, what was not found or
    /// not allowed.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.ask("POST", "se/log", &json!({ "type": "browser" }));
        let log = log.unwrap();
        let entries = log.as_array().unwrap().iter();
        let severe = entries.filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        severe.map(|entry| entry["message"].to_string()).collect()
    }

    fn find(&self, selector: &str) -> Option<String> {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.ask("POST", "element", &by).ok()?;
        Some(found[ELEMENT].as_str()?.to_owned())
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        ask(method, &format!("{}/{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session; the driver may have ended before.
        let _ = ask("DELETE", &self.session, &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A request of the protocol: its value, or what went wrong.
fn ask(method: &str, url: &str, body: &Value) -> Result<Value, String> {
    let answer = match method {
        "POST" => ureq::post(url)
            .config()
            .http_status_as_error(false)
            .build()
            .send_json(body),
        "DELETE" => ureq::delete(url).call(),
        _ => ureq::get(url)
            .config()
            .http_status_as_error(false)
            .build()
            .call(),
    };
    let mut answer = answer.map_err(|error| error.to_string())?;
    let mut answer: Value = answer
        .body_mut()
        .read_json()
        .map_err(|error| error.to_string())?;
    match answer["value"].get("error") {
        Some(_) => Err(answer["value"]["message"].to_string()),
        None => Ok(answer["value"].take()),
    }
}

fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
