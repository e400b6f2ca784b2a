//! Generated systems, running: a newcomer follows the README, and services are killed meanwhile.

mod browser;
mod running {
    pub mod alone;
    pub mod changing;
    pub mod ending;
    pub mod newcomer;
    pub mod system;
}
mod workspace;

use std::time::Duration;

use browser::Browser;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use running::alone::Alone;
use running::newcomer::{all, follow_the_readme};
use running::system::{Site, System};
use running::{changing, ending};
use serde_json::{Value, json};
use workspace::InTurn;

/// How many orders are placed while services are killed.
const ORDERS: usize = 40;

#[test]
fn a_newcomer_greets() {
    let hello = InTurn::of_example("hello");
    follow_the_readme(&System::start(&hello), &hello);
    what_runs_is_not_built_again(&hello);
}

/// `cargo run` and whoever builds after it ask for the same.
fn what_runs_is_not_built_again(workspace: &InTurn) {
    let mut build = workspace::cargo(workspace.path());
    let output = build.args(["build", "--workspace"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("Compiling"),
        "{said}"
    );
}

#[test]
fn services_end_with_what_runs_them() {
    let hello = InTurn::of_example("hello");
    let mut system = System::start(&hello);
    for signal in ["INT", "TERM", "HUP"] {
        ending::a_signal_ends_all_in_order(&mut system, signal);
        system.start_again();
    }
    ending::a_second_interrupt_ends_all_at_once(&mut system);
    system.start_again();
    ending::all_end_when_what_runs_them_is_killed(&mut system);
}

#[test]
fn the_description_changes_before_the_first_release() {
    let hello = InTurn::of_example("hello");
    changing::data_follows_the_description(&hello);
    drop(hello);
    let hello = InTurn::of_example("hello");
    changing::events_are_read_as_they_were_told(&hello);
}

#[test]
fn a_shop_works_and_survives() {
    let shop = InTurn::of_example("shop");
    follow_the_readme(&System::start(&shop), &shop);
    nothing_is_lost_or_doubled_when_services_are_killed(&shop);
    who_starts_last_misses_nothing(&shop);
}

/// A click makes something, another one finds it, and the browser has nothing to complain about.
#[test]
#[ignore = "it installs a browser: `tests/openapi/run page` asks for it"]
fn the_page_can_be_clicked() {
    let system = InTurn::of_example("shop");
    let mut shop = Alone::new(&system, "shop");
    shop.start("catalog");
    let browser = Browser::start();
    browser.open(&format!("{}/docs", shop.url("catalog")));
    // Swagger UI writes a backslash before the point, and so does CSS before the backslash.
    for (operation, status) in [("add_category", "201"), (r"category\\.list", "200")] {
        let block = format!("[id=\"operations-Category-{operation}\"]");
        browser.click(&format!("{block} .opblock-summary-control"));
        browser.click(&format!("{block} .execute"));
        let answer = format!("{block} .live-responses-table .response");
        let said = browser.text(&format!("{answer} .response-col_status"));
        assert!(said.starts_with(status), "{operation}: {said}");
        let shown = browser.text(&format!("{answer} .microlight, {answer} .highlight-code"));
        assert!(shown.contains("\"name\": "), "{operation}: {shown}");
    }
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// Each service is started last, when the others have done all that they can without it.
fn who_starts_last_misses_nothing(workspace: &InTurn) {
    let all_services = ["catalog", "customer", "inventory", "order", "payment"];
    for last in all_services {
        let mut shop = Alone::new(workspace, "shop");
        for service in all_services.into_iter().filter(|service| *service != last) {
            shop.start(service);
        }
        // Whoever has to do something before is started then.
        shop.start("catalog");
        let product = Shop::list_product(&shop);
        shop.start("customer");
        let customer = Shop::register_customer(&shop);
        shop.start("order");
        Shop { customer, product }.order(&shop, 0);
        shop.start(last);
        shop.until(
            &format!("the order is confirmed, {last} being last"),
            || {
                let orders = all(&shop.url("order"), "orders")?;
                (orders.len() == 1 && orders[0]["status"] == "confirmed").then_some(())
            },
        );
        shop.until(
            &format!("the product is in stock, {last} being last"),
            || {
                let stock = all(&shop.url("inventory"), "stock")?;
                (stock.len() == 1).then_some(())
            },
        );
        let payments = all(&shop.url("payment"), "payments").unwrap();
        assert_eq!(payments.len(), 1, "{last}: {payments:?}");
    }
}

fn nothing_is_lost_or_doubled_when_services_are_killed(workspace: &InTurn) {
    let mut system = System::start(workspace);
    let shop = Shop::open(&system);
    what_is_left_out_stays_and_what_is_null_goes(&system, &shop);
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let services: Vec<_> = system.services().into_iter().map(str::to_owned).collect();
    for number in 0..ORDERS {
        if number % 4 == 0 {
            let victim = random.next_u32() as usize % services.len();
            system.kill(&services[victim]);
        }
        shop.order(&system, number);
    }
    settled(&system, &shop);
    system.restart();
    settled(&system, &shop);
    an_order_is_placed_again(&system, &shop);
}

/// With the very lines that are shown of it, ids among them.
fn an_order_is_placed_again(system: &System<'_>, shop: &Shop) {
    let orders = all(&system.url("order"), "orders").unwrap();
    let lines = &orders[0]["lines"];
    assert!(lines[0]["id"].is_string(), "{lines}");
    let again = shop.order_of("again", lines);
    let again = ask(system, "order", "orders", &again, "again");
    assert!(orders.iter().all(|order| order["id"] != again));
}

/// An update keeps what its caller leaves out, clears what is `null`, and refuses to clear what
/// everything has.
fn what_is_left_out_stays_and_what_is_null_goes(system: &System<'_>, shop: &Shop) {
    let product = shop.product.as_str().unwrap();
    let path = format!("{}/products/{product}", system.url("catalog"));
    let describe = |body: Value| {
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        let url = format!("{path}/describe-product");
        let sent = ureq::Agent::from(agent.build()).post(url).send_json(body);
        let mut answer = sent.unwrap();
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_json::<Value>().unwrap())
    };
    let attributes = json!({ "pages": 400 });
    let all = json!({ "description": "long", "weight": 0.5, "attributes": attributes });
    assert_eq!(describe(all).0, 200);
    let (_, kept) = describe(json!({ "name": "The book", "weight": null }));
    assert_eq!(kept["name"], "The book", "{kept}");
    assert_eq!(kept["description"], "long", "{kept}");
    assert_eq!(kept["attributes"], attributes, "{kept}");
    assert_eq!(kept.get("weight"), None, "{kept}");
    let (_, cleared) = describe(json!({ "description": null, "attributes": null }));
    let absent = ["description", "attributes", "weight"].map(|name| cleared.get(name));
    assert_eq!(absent, [None; 3], "{cleared}");
    let (status, refused) = describe(json!({ "name": null }));
    assert_eq!(
        (status, &refused["type"]),
        (422, &json!("urn:microdb:problem:invalid"))
    );
    assert_eq!(refused["violations"][0]["pointer"], "/name", "{refused}");
}

/// Every order was placed once, paid once, confirmed once; its goods were reserved once.
fn settled(system: &System<'_>, shop: &Shop) {
    let is =
        |status: &'static str| move |item: &Value| item["status"] == status && item["version"] == 2;
    system.until("all orders are confirmed", || {
        let orders = all(&system.url("order"), "orders")?;
        orders.iter().all(is("confirmed")).then_some(())
    });
    system.until("all goods are reserved", || {
        let stock = all(&system.url("inventory"), "stock")?;
        // `StockingStarted`, then an event for each order.
        let reserved = stock.iter().all(|item| item["version"] == 1 + ORDERS);
        (stock.len() == 1 && reserved).then_some(())
    });
    // What would come twice has time to come.
    std::thread::sleep(Duration::from_millis(500));
    let orders = all(&system.url("order"), "orders").unwrap();
    let payments = all(&system.url("payment"), "payments").unwrap();
    assert_eq!((orders.len(), payments.len()), (ORDERS, ORDERS));
    assert!(payments.iter().all(is("settled")), "{payments:?}");
    let mut paid: Vec<_> = payments.iter().map(|payment| &payment["order"]).collect();
    let mut placed: Vec<_> = orders.iter().map(|order| &order["id"]).collect();
    paid.sort_by_key(ToString::to_string);
    placed.sort_by_key(ToString::to_string);
    assert_eq!(paid, placed);
    let stock = all(&system.url("inventory"), "stock").unwrap();
    assert_eq!(stock[0]["product"], shop.product);
    assert_eq!(stock[0]["version"], 1 + ORDERS);
}

/// What there is to order, and who orders.
struct Shop {
    customer: Value,
    product: Value,
}

impl Shop {
    /// A customer and a product, which the others have heard of.
    fn open(system: &System<'_>) -> Self {
        let customer = Self::register_customer(system);
        let product = Self::list_product(system);
        system.until("the product is in stock", || {
            let stock = all(&system.url("inventory"), "stock")?;
            (stock.len() == 1).then_some(())
        });
        Self { customer, product }
    }

    fn register_customer(site: &impl Site) -> Value {
        let customer = json!({ "name": "Ada", "email": "ada@example.com" });
        ask(site, "customer", "customers", &customer, "customer")
    }

    fn list_product(site: &impl Site) -> Value {
        let category = json!({ "name": "Books" });
        let category = ask(site, "catalog", "categories", &category, "category");
        let product = json!({
            "sku": "BOOK-1",
            "name": "A book",
            "category": category,
            "price": { "amount": "12.00", "currency": "EUR" },
        });
        ask(site, "catalog", "products", &product, "product")
    }

    /// An order with these lines.
    fn order_of(&self, number: &str, lines: &Value) -> Value {
        json!({
            "number": number,
            "customer": self.customer,
            "amount": { "amount": "12.00", "currency": "EUR" },
            "lines": lines,
        })
    }

    /// Places an order.
    fn order(&self, site: &impl Site, number: usize) {
        let price = json!({ "amount": "12.00", "currency": "EUR" });
        let line = json!({ "product": self.product, "quantity": 1, "price": price });
        let order = self.order_of(&number.to_string(), &json!([line]));
        ask(site, "order", "orders", &order, &format!("order-{number}"));
    }
}

/// Asks until there is an answer, always with the same key: the id of what was made.
fn ask(site: &impl Site, service: &str, path: &str, body: &Value, key: &str) -> Value {
    let url = format!("{}/{path}", site.url(service));
    site.until(&format!("{service} takes {body}"), || {
        let sent = ureq::post(&url)
            .header("Idempotency-Key", key)
            .send_json(body);
        let made: Value = sent.ok()?.body_mut().read_json().ok()?;
        Some(made["id"].clone())
    })
}
