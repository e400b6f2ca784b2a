//! A small domain, as the generated code of a service and its user would write it: accounts that
//! are opened, approved, paid from and closed.

use std::path::Path;

use platform_contract::schema::{Column, Kind, Schema, Unique};
use platform_contract::value::{Decimal, TypedId};
use platform_contract::{AggregateType, Command, Event, Refusal};
use platform_ports::engine::{Database, EngineError, ShapePart};
use platform_runtime::context::Context;
use platform_runtime::decision::{
    Access, Aggregate, Creates, Decision, Deletes, EventOf, Meta, Needed, Reads, StatusChange,
    Updates,
};
use platform_runtime::query::{Query, Range};
use platform_service::Service;
use platform_service::config::Config;
use platform_service::http::{self, Routes, get, on_delete, post};
use serde::{Deserialize, Serialize};

use platform_support::place::{self, Place, Tables, initial};

pub type AccountId = TypedId<AccountType>;

#[derive(Debug)]
pub struct AccountType;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    Requested,
    Open,
}

impl AggregateType for AccountType {
    const CONTEXT: &'static str = "bank";
    const NAME: &'static str = "account";
    const TOPIC: &'static str = "example.bank.account";
    type Id = AccountId;
    type Status = AccountStatus;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    #[serde(skip)]
    meta: Meta<AccountId>,
    status: AccountStatus,
    pub holder: String,
    pub number: i64,
    pub balance: Decimal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct AccountView {
    id: AccountId,
    version: u64,
    status: AccountStatus,
    holder: String,
    number: i64,
    balance: Decimal,
}

const MONEY: Kind = Kind::decimal(12, 2);
const STATUSES: &[&str] = &["requested", "open"];

pub static ACCOUNTS: Schema = Schema {
    name: "account",
    table: "account",
    columns: &[
        Column::new("status", Kind::Enum(STATUSES)),
        Column::new("holder", Kind::Text).max_length(20),
        Column::new("number", Kind::Int),
        Column::new("balance", MONEY).min("0.00"),
        Column::new("parent", Kind::Uuid)
            .optional()
            .references("account"),
        Column::new("secret", Kind::Text).optional().hidden(),
    ],
    collections: &[],
    unique: &[Unique {
        name: "number",
        members: &["number"],
    }],
    referenced_by: &[platform_contract::schema::Referrer {
        table: "account",
        column: "parent",
    }],
    shard_by: None,
    generations: false,
};

impl Aggregate for Account {
    type Type = AccountType;
    const SCHEMA: &'static Schema = &ACCOUNTS;
    const INITIAL_STATUS: Option<&'static str> = Some("requested");
    const PUBLISHED: &'static [&'static str] = &["holder"];
    type View = AccountView;

    fn meta(&self) -> &Meta<AccountId> {
        &self.meta
    }

    fn set_meta(&mut self, meta: Meta<AccountId>) {
        self.meta = meta;
    }

    fn view(&self) -> AccountView {
        AccountView {
            id: self.meta.id,
            version: self.meta.version,
            status: self.status,
            holder: self.holder.clone(),
            number: self.number,
            balance: self.balance,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Never {}

impl Refusal for Never {
    fn name(&self) -> &'static str {
        match *self {}
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum PayRefusal {
    BalanceTooLow,
}

impl Refusal for PayRefusal {
    fn name(&self) -> &'static str {
        "balance_too_low"
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountRequested {
    pub holder: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountApproved {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paid {
    pub amount: Decimal,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Emptied {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Renamed {
    pub holder: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountClosed {}

impl Event for AccountRequested {
    const TYPE: &'static str = "example.bank.AccountRequested";
    const VERSION: u32 = 1;
    type Of = AccountType;
}

impl Event for AccountApproved {
    const TYPE: &'static str = "example.bank.AccountApproved";
    const VERSION: u32 = 1;
    type Of = AccountType;
}

impl Event for Paid {
    const TYPE: &'static str = "example.bank.Paid";
    const VERSION: u32 = 1;
    type Of = AccountType;
}

impl Event for Emptied {
    const TYPE: &'static str = "example.bank.Emptied";
    const VERSION: u32 = 1;
    type Of = AccountType;
}

impl Event for Renamed {
    const TYPE: &'static str = "example.bank.Renamed";
    const VERSION: u32 = 1;
    type Of = AccountType;
}

impl Event for AccountClosed {
    const TYPE: &'static str = "example.bank.AccountClosed";
    const VERSION: u32 = 1;
    type Of = AccountType;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestAccount {
    pub holder: String,
    pub number: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AccountId>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewAccount {
    pub holder: String,
    pub number: i64,
    pub balance: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<AccountId>,
}

impl EventOf<NewAccount> for AccountRequested {
    fn of(account: &NewAccount) -> Self {
        Self {
            holder: account.holder.clone(),
        }
    }
}

impl Command for RequestAccount {
    const CONTEXT: &'static str = "bank";
    const NAME: &'static str = "RequestAccount";
    const INPUT: &'static [Column] = &[
        Column::new("holder", Kind::Text)
            .min_length(1)
            .max_length(20),
        Column::new("number", Kind::Int),
        Column::new("parent", Kind::Uuid).optional(),
    ];
    type Refusal = Never;
}

/// Whose functions decide.
pub struct Domain;

impl Decision<Domain> for RequestAccount {
    type Aggregate = Account;
    type Needs = ();
    type Events = AccountRequested;
    type Kind = Creates<Domain, Self, NewAccount>;
    const DECIDE: Self::Kind = Creates::Alone(request_account);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &[],
    };
}

fn request_account(
    command: RequestAccount,
    _: &Context,
) -> Result<(NewAccount, AccountRequested), Never> {
    let account = NewAccount {
        holder: command.holder,
        number: command.number,
        balance: Decimal::new(10_000, 2),
        parent: command.parent,
    };
    let event = AccountRequested::of(&account);
    Ok((account, event))
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApproveAccount {}

impl Command for ApproveAccount {
    const CONTEXT: &'static str = "bank";
    const NAME: &'static str = "ApproveAccount";
    const INPUT: &'static [Column] = &[];
    type Refusal = Never;
}

impl Decision<Domain> for ApproveAccount {
    type Aggregate = Account;
    type Needs = ();
    type Events = AccountApproved;
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::Alone(approve_account);
    const ACCESS: Access = Access {
        from: &["requested"],
        to: StatusChange::To("open"),
        writes: &[],
    };
}

fn approve_account(
    _: &mut Account,
    _: ApproveAccount,
    _: &Context,
) -> Result<AccountApproved, Never> {
    Ok(AccountApproved {})
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pay {
    pub amount: Decimal,
}

impl Command for Pay {
    const CONTEXT: &'static str = "bank";
    const NAME: &'static str = "Pay";
    const INPUT: &'static [Column] = &[Column::new("amount", MONEY).exclusive_min("0.00")];
    type Refusal = PayRefusal;
}

impl Decision<Domain> for Pay {
    type Aggregate = Account;
    type Needs = ();
    type Events = (Paid, Option<Emptied>);
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::Alone(pay);
    const ACCESS: Access = Access {
        from: &["open"],
        to: StatusChange::Unchanged,
        writes: &["balance"],
    };
}

fn pay(
    account: &mut Account,
    command: Pay,
    _: &Context,
) -> Result<(Paid, Option<Emptied>), PayRefusal> {
    if account.balance < command.amount {
        return Err(PayRefusal::BalanceTooLow);
    }
    account.balance -= command.amount;
    let emptied = account.balance.is_zero().then_some(Emptied {});
    let amount = command.amount;
    Ok((Paid { amount }, emptied))
}

/// What renaming an account looks at: whether others of the new holder exist.
#[derive(Debug, Clone)]
pub struct RenameNeeds {
    pub others: Vec<Account>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rename {
    pub holder: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RenameRefusal {
    TooMany,
    Because(Box<Self>, String),
}

impl RenameRefusal {
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self::Because(Box::new(self), reason.into())
    }
}

impl Refusal for RenameRefusal {
    fn name(&self) -> &'static str {
        "too_many"
    }

    fn http(&self) -> u16 {
        422
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Because(_, reason) => Some(reason),
            Self::TooMany => None,
        }
    }
}

impl Command for Rename {
    const CONTEXT: &'static str = "bank";
    const NAME: &'static str = "Rename";
    const INPUT: &'static [Column] = &[Column::new("holder", Kind::Text)];
    type Refusal = RenameRefusal;
}

impl Decision<Domain> for Rename {
    type Aggregate = Account;
    type Needs = RenameNeeds;
    type Events = Option<Renamed>;
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::WithNeeds(rename);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &["holder"],
    };
}

impl Needed<Domain, Rename> for RenameNeeds {
    async fn read(
        command: &Rename,
        _: Option<&Account>,
        reads: &mut Reads<'_>,
    ) -> Result<Self, EngineError> {
        let holder = command.holder.clone();
        let others = ByHolder { holder }.ask(reads).await?;
        Ok(Self { others })
    }
}

/// How the user's function of [`Rename`] misbehaves, by the name that it is given.
fn rename(
    account: &mut Account,
    command: Rename,
    needs: &RenameNeeds,
    _: &Context,
) -> Result<Option<Renamed>, RenameRefusal> {
    match command.holder.as_str() {
        "panic" => panic!("at the disco"),
        "cheat" => account.balance += Decimal::ONE,
        "silent" => {
            account.holder = command.holder;
            return Ok(None);
        }
        _ => {}
    }
    // One account a holder, apart from this one.
    if needs.others.iter().any(|other| other.id() != account.id()) {
        let reason = format!("{} has an account", command.holder);
        return Err(RenameRefusal::TooMany.because(reason));
    }
    if account.holder == command.holder {
        return Ok(None);
    }
    account.holder.clone_from(&command.holder);
    let holder = command.holder;
    Ok(Some(Renamed { holder }))
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CloseAccount {}

impl Command for CloseAccount {
    const CONTEXT: &'static str = "bank";
    const NAME: &'static str = "CloseAccount";
    const INPUT: &'static [Column] = &[];
    type Refusal = Never;
}

impl Decision<Domain> for CloseAccount {
    type Aggregate = Account;
    type Needs = ();
    type Events = AccountClosed;
    type Kind = Deletes<Domain, Self>;
    const DECIDE: Self::Kind = Deletes::Alone(close_account);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &[],
    };
}

fn close_account(_: &Account, _: CloseAccount, _: &Context) -> Result<AccountClosed, Never> {
    Ok(AccountClosed {})
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByHolder {
    pub holder: String,
}

impl Query for ByHolder {
    type Aggregate = Account;
    const NAME: &'static str = "ByHolder";
    const PARAMETERS: &'static [Column] = &[Column::new("holder", Kind::Text)];
    const BY: &'static [&'static str] = &["holder"];
    const RANGE: Option<Range> = None;
    const ORDER: &'static [(&'static str, bool)] = &[("number", true)];
    const UNIQUE: bool = false;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByParent {
    pub parent: AccountId,
}

impl Query for ByParent {
    type Aggregate = Account;
    const NAME: &'static str = "ByParent";
    const PARAMETERS: &'static [Column] = &[Column::new("parent", Kind::Uuid)];
    const BY: &'static [&'static str] = &["parent"];
    const RANGE: Option<Range> = None;
    const ORDER: &'static [(&'static str, bool)] = &[];
    const UNIQUE: bool = false;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByNumber {
    pub number: i64,
}

impl Query for ByNumber {
    type Aggregate = Account;
    const NAME: &'static str = "ByNumber";
    const PARAMETERS: &'static [Column] = &[Column::new("number", Kind::Int)];
    const BY: &'static [&'static str] = &["number"];
    const RANGE: Option<Range> = None;
    const ORDER: &'static [(&'static str, bool)] = &[];
    const UNIQUE: bool = true;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Numbered {
    #[serde(default)]
    pub number_from: Option<i64>,
    #[serde(default)]
    pub number_to: Option<i64>,
}

impl Query for Numbered {
    type Aggregate = Account;
    const NAME: &'static str = "Numbered";
    const PARAMETERS: &'static [Column] = &[
        Column::new("number_from", Kind::Int).optional(),
        Column::new("number_to", Kind::Int).optional(),
    ];
    const BY: &'static [&'static str] = &[];
    const RANGE: Option<Range> = Some(Range {
        member: "number",
        from: "number_from",
        to: "number_to",
    });
    const ORDER: &'static [(&'static str, bool)] = &[("number", false)];
    const UNIQUE: bool = false;
}

pub static TABLES: Tables = Tables {
    sqlite: &[initial(include_str!("bank/sqlite.sql"))],
    postgres: &[initial(include_str!("bank/postgres.sql"))],
    mongodb: &[initial(include_str!("bank/mongodb.json"))],
    redis: &[initial(include_str!("bank/redis.lua"))],
};

pub fn routes() -> Routes {
    Routes::new()
        .route(
            "/accounts",
            get(http::list::<Account>).post(http::create::<Domain, RequestAccount>),
        )
        .route("/accounts/{id}", get(http::read::<Account>))
        .route(
            "/accounts/{id}",
            on_delete(http::delete::<Domain, CloseAccount>),
        )
        .route(
            "/accounts/{id}/approve",
            post(http::update::<Domain, ApproveAccount>),
        )
        .route("/accounts/{id}/pay", post(http::update::<Domain, Pay>))
        .route(
            "/accounts/{id}/rename",
            post(http::update::<Domain, Rename>),
        )
        .route(
            "/accounts/request-account",
            post(http::create::<Domain, RequestAccount>),
        )
        .route("/accounts/by-holder", get(http::query::<ByHolder>))
        .route("/accounts/by-parent", get(http::query::<ByParent>))
        .route("/accounts/by-number", get(http::query::<ByNumber>))
        .route("/accounts/numbered", get(http::query::<Numbered>))
}

pub fn service() -> Service {
    service_on(TABLES.database())
}

/// The service before its first release, when what its rows hold is told by this hash.
pub fn unreleased(rows: String) -> Service {
    let part = ShapePart {
        of: "rows",
        hash: rows.leak(),
    };
    service_on(TABLES.database().unreleased(vec![part].leak()))
}

pub fn service_on(database: Database) -> Service {
    let openapi = r#"{"openapi":"3.1.0"}"#;
    Service::new("example", "bank", database, place::broker(), openapi)
        .partitions(4)
        .aggregate::<Account>()
        .command::<Domain, RequestAccount>()
        .command::<Domain, ApproveAccount>()
        .command::<Domain, Pay>()
        .command::<Domain, Rename>()
        .command::<Domain, CloseAccount>()
        .routes(routes())
}

/// A place of a test's own for it.
pub fn place() -> Place {
    Place::new(&TABLES)
}

/// The configuration of one that stands there, on any port.
pub fn config(folder: &Path) -> Config {
    place::config("bank", folder)
}
