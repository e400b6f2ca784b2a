//! Reads from streaming standbys that never go back behind what a caller has seen.
//!
//! The token of a commit is its position in the write-ahead log, asked once it is flushed; a standby whose
//! replay has passed it shows the commit. A caller without a token is answered by a standby that
//! is behind the server by [`LAG`] at most, so that who was given a token needs to keep it for
//! little longer; nobody is answered by one that lacks what was there when the service was opened,
//! its migrations among that.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_ports::engine::{
    ConsistencyToken, EngineError, Find, Found, OpenError, Page, ReadReplicas,
};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use super::pool::Pool;
use super::standby::{PATIENCE, Standby, flushed, system_identifier};
use super::tables::Tables;
use super::{connect, find, rows};

/// How far behind a standby may be, in time.
const LAG: Duration = Duration::from_secs(10);

/// How often server and standbys are checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The standbys of a server.
pub(super) struct Standbys {
    shared: Arc<Shared>,
    tables: Arc<Tables>,
    next: AtomicUsize,
    /// Checks them as long as this is there.
    _watch: JoinSet<()>,
}

struct Shared {
    server: Arc<Pool>,
    identity: String,
    standbys: Vec<Standby>,
    /// What a standby must have replayed whoever asks.
    floor: AtomicU64,
}

/// Asks a function of a connection of each standby that can answer, until one does.
macro_rules! from_any {
    ($standbys:expr, $seen:expr, $function:path $(, $argument:expr)*) => {{
        let floor = ConsistencyToken::new($standbys.shared.floor.load(Ordering::Acquire));
        for standby in $standbys.in_turn() {
            let asked = async {
                let Some(mut connection) = standby.at(floor.max($seen)).await? else {
                    return Ok(None);
                };
                let outcome = $function(connection.get()? $(, $argument)*).await;
                connection.done(outcome).map(Some)
            };
            if let Some(answer) = standby.note_outcome(timeout(PATIENCE, asked).await) {
                return Some(answer);
            }
        }
        None
    }};
}

impl Standbys {
    /// Those at `urls`, each asked over so many connections, of the server behind `server`. Each is
    /// asked as soon as it is there and has got as far as the server is now.
    pub(super) async fn new(
        urls: &[&str],
        connections: usize,
        server: Arc<Pool>,
        tables: Arc<Tables>,
    ) -> Result<Self, OpenError> {
        let options = urls.iter().map(|url| connect::options(url));
        let options: Vec<_> = options.collect::<Result<_, _>>()?;
        let unusable = |error: EngineError| OpenError::Unusable(error.to_string());
        let mut connection = server.take().await.map_err(unusable)?;
        let asked = async {
            let session = connection.get()?;
            Ok::<_, EngineError>((system_identifier(session).await?, flushed(session).await?))
        };
        let asked = asked.await;
        let (identity, opened) = connection.done(asked).map_err(unusable)?;
        let of = |options| Standby::new(options, connections);
        let shared = Arc::new(Shared {
            server,
            identity,
            standbys: options.into_iter().map(of).collect(),
            floor: AtomicU64::new(opened.number()),
        });
        Ok(Self {
            _watch: JoinSet::from_iter([watch(Arc::clone(&shared), opened)]),
            shared,
            tables,
            next: AtomicUsize::new(0),
        })
    }

    /// The standbys that can be asked, beginning with another one each time.
    fn in_turn(&self) -> impl Iterator<Item = &Standby> {
        let standbys = &self.shared.standbys;
        let first = self.next.fetch_add(1, Ordering::Relaxed) % standbys.len().max(1);
        let (before, after) = standbys.split_at(first.min(standbys.len()));
        after
            .iter()
            .chain(before)
            .filter(|standby| standby.is_ready())
    }
}

#[async_trait]
impl ReadReplicas for Standbys {
    async fn consistency_token(&self) -> Result<ConsistencyToken, EngineError> {
        self.shared.position().await
    }

    async fn load(
        &self,
        at_least: ConsistencyToken,
        schema: &'static Schema,
        id: Uuid,
    ) -> Option<Found> {
        let sql = self.tables.of(schema);
        from_any!(self, at_least, rows::load, &sql, schema, 0, id)
    }

    async fn find(&self, at_least: ConsistencyToken, find: &Find) -> Option<Page> {
        let sql = self.tables.of(find.schema);
        from_any!(self, at_least, find::page, &sql, find)
    }
}

impl Shared {
    async fn position(&self) -> Result<ConsistencyToken, EngineError> {
        let mut connection = self.server.take().await?;
        let position = flushed(connection.get()?).await;
        connection.done(position)
    }
}

/// Checks server and standbys for ever.
async fn watch(shared: Arc<Shared>, opened: ConsistencyToken) {
    let mut positions = VecDeque::from([(Instant::now(), opened)]);
    loop {
        // While the server does not answer, standbys that have what it had go on.
        if let Ok(Ok(position)) = timeout(PATIENCE, shared.position()).await {
            positions.push_back((Instant::now(), position));
        }
        let floor = floor(&mut positions, Instant::now());
        shared.floor.store(floor.number(), Ordering::Release);
        for standby in &shared.standbys {
            standby.check(&shared.identity, floor).await;
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// Where the server was [`LAG`] ago, or at the first look; of what was before, nothing is kept.
fn floor(positions: &mut VecDeque<(Instant, ConsistencyToken)>, now: Instant) -> ConsistencyToken {
    let old = |(at, _): &(Instant, ConsistencyToken)| now.duration_since(*at) >= LAG;
    while positions.get(1).is_some_and(old) {
        positions.pop_front();
    }
    positions
        .front()
        .map_or(ConsistencyToken::START, |(_, position)| *position)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::{Duration, Instant};

    use platform_ports::engine::ConsistencyToken;

    use super::{LAG, floor};

    #[test]
    fn a_standby_may_be_behind_by_so_much() {
        let start = Instant::now();
        let at = |second: u64| {
            (
                start + Duration::from_secs(second),
                ConsistencyToken::new(second),
            )
        };
        let mut positions: VecDeque<_> = (0..60).map(at).collect();
        assert_eq!(floor(&mut positions, start), ConsistencyToken::new(0));
        let now = start + Duration::from_secs(59);
        let expected = 59 - LAG.as_secs();
        assert_eq!(floor(&mut positions, now), ConsistencyToken::new(expected));
        assert_eq!(positions.len(), 60 - usize::try_from(expected).unwrap());
        // Nothing is known of the server since: what it had is asked for.
        assert_eq!(floor(&mut positions, now + LAG), ConsistencyToken::new(59));
    }
}
