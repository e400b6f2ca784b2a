//! What every database does in a workspace that was never released: it follows the description where that is
//! a matter of indexes, is refused where it is not, and is begun anew.

use std::sync::Arc;

use platform_ports::engine::{
    Database, Document, DocumentWrite, Documents, Driver, Engine, Migration, OpenError, Options,
    ShapePart, WriteSet,
};
use platform_ports::location::Location;
use serde_json::json;

/// A service in three lives, in the language of a database.
pub struct Lives {
    /// What makes its rows, and an index `a` on them.
    pub first: &'static str,
    /// The same with an index `b` in its place.
    pub indexed: &'static str,
    /// What makes other rows, whose names are the same.
    pub other: &'static str,
    /// The indexes `a` and `b` as parts of the shape; none where the engine finds them by itself.
    pub indexes: Option<[&'static str; 2]>,
}

/// A place where no database is yet.
pub struct Place<'a> {
    pub driver: &'static dyn Driver,
    pub at: &'a Location,
}

impl Place<'_> {
    fn database(
        &self,
        text: &'static str,
        rows: &'static str,
        index: Option<&'static str>,
    ) -> Database {
        let name = "0001_initial";
        let migrations = Box::leak(Box::new([Migration { name, text }]));
        let part = |of, hash| ShapePart { of, hash };
        let index = index.map(|of| part(of, "index"));
        let parts = [
            Some(part("rows", rows)),
            Some(part("event Paid", "paid")),
            index,
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        Database::new(self.driver, migrations).unreleased(parts.leak())
    }

    /// The database of a program of the service's first life, its first with another index, and its next.
    fn databases(&self, lives: &Lives) -> [Database; 3] {
        let [a, b] = lives
            .indexes
            .map(|[a, b]| [Some(a), Some(b)])
            .unwrap_or_default();
        [
            self.database(lives.first, "1", a),
            self.database(lives.indexed, "1", b),
            self.database(lives.other, "2", None),
        ]
    }

    async fn migrate(&self, database: &Database) -> Vec<String> {
        database
            .migrate(self.at)
            .await
            .expect("it is to be migrated")
    }

    async fn open(&self, database: &Database) -> Arc<dyn Engine> {
        let opened = database.open(self.at, &[], Options::default()).await;
        opened.expect("it is to be opened")
    }
}

fn is_older<T>(result: Result<T, OpenError>) {
    match result.err().expect("it is of an earlier life") {
        OpenError::Older(_) => {}
        other => panic!("{other}"),
    }
}

fn document() -> Document {
    Document {
        key: "kept".to_owned(),
        group: "kept".to_owned(),
        position: 0,
        due: None,
        version: 1,
        body: json!({}),
    }
}

/// Keeps something that is gone when the database is begun anew.
async fn keep(engine: &dyn Engine) {
    let put = DocumentWrite::Put {
        collection: Documents::Cursors,
        expected: 0,
        document: document(),
    };
    let kept = engine.commit(WriteSet::of_documents(vec![put])).await;
    kept.expect("it is to be kept");
}

async fn has_kept(engine: &dyn Engine) -> bool {
    let found = engine.document(Documents::Cursors, "kept").await;
    found.expect("an answer").is_some()
}

/// Indexes are made and removed as the description has them; what is kept stays. `has` tells whether
/// there is an index.
pub async fn indexes_follow_the_description(
    place: &Place<'_>,
    lives: &Lives,
    has: impl AsyncFn(&str) -> bool,
) {
    let [first, indexed, _] = place.databases(lives);
    let pending = first.pending(place.at).await.expect("nothing is there");
    assert_eq!(pending.last(), Some(&"0001_initial"));
    let applied = place.migrate(&first).await;
    assert_eq!(applied.last().map(String::as_str), Some("0001_initial"));
    keep(&*place.open(&first).await).await;
    assert_eq!((has("a").await, has("b").await), (true, false));
    for (database, expected) in [(indexed, (false, true)), (first, (true, false))] {
        let pending = database.pending(place.at).await.expect("it fits");
        assert_eq!(pending, Vec::<&str>::new());
        place.migrate(&database).await;
        assert_eq!((has("a").await, has("b").await), expected);
        let applied = place.migrate(&database).await;
        assert_eq!(applied, Vec::<String>::new());
        assert!(has_kept(&*place.open(&database).await).await);
    }
}

/// A database that was made for something else is refused as it is, and begun anew.
pub async fn another_life_begins_anew(place: &Place<'_>, lives: &Lives) {
    let [first, _, other] = place.databases(lives);
    assert!(!first.reset(place.at).await.expect("nothing is there"));
    place.migrate(&first).await;
    keep(&*place.open(&first).await).await;
    is_older(other.pending(place.at).await);
    is_older(other.migrate(place.at).await);
    is_older(other.open(place.at, &[], Options::default()).await);
    assert!(
        has_kept(&*place.open(&first).await).await,
        "nothing was changed"
    );
    assert!(other.reset(place.at).await.expect("it is to be emptied"));
    assert!(!other.reset(place.at).await.expect("nothing is there"));
    let applied = place.migrate(&other).await;
    assert_eq!(applied.last().map(String::as_str), Some("0001_initial"));
    let engine = place.open(&other).await;
    assert!(!has_kept(&*engine).await);
    keep(&*engine).await;
}

/// What was released is never emptied, and what is another one's neither.
pub async fn what_is_released_stays(place: &Place<'_>, lives: &Lives) {
    let name = "0001_initial";
    let text = lives.first;
    let released: &[Migration] = Box::leak(Box::new([Migration { name, text }]));
    let released = Database::new(place.driver, released);
    place.migrate(&released).await;
    let refused = released.reset(place.at).await;
    assert!(matches!(refused, Err(OpenError::Released)), "{refused:?}");
    let [first, _, _] = place.databases(lives);
    place.migrate(&first).await;
    place.migrate(&released).await;
    place.open(&released).await;
}
