//! What a service has to survive, tried on its own program.
//!
//! The program runs as a process over real files: its database, and the broker's, in a folder of
//! their own. The test plays everybody else: it publishes what the owners of other contexts would,
//! answers what they are asked for, and sends requests. Then something fails: a message comes twice,
//! too late or as rubbish, the process is killed at a fail point (see [`platform_ports::fail_point`]) or
//! anywhere, nobody else is there. In the end the service has to be as one that the same happened to
//! without any failure: all rows, applied sequences, dead letters, and all that it has published, in
//! order and once; and requests have to be answered alike, be it with a refusal.
//!
//! What it hears and is asked for comes from the description, as examples in JSON. Effects are really
//! done: give the tests an environment in which that is harmless.

mod alone;
mod compare;
mod crash;
mod examples;
mod folder;
mod instances;
mod normalize;
mod peers;
mod poison;
mod program;
mod replies;
mod requests;
mod settled;
mod state;
mod storage;
mod wire;
mod world;

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock};

use self::examples::Examples;
pub use self::program::program;
use self::storage::StartingPoint;
use self::world::{End, World};
use platform_service::{Service, ServiceDescription};

/// What can go wrong with a test itself.
type Error = Box<dyn std::error::Error + Send + Sync>;
/// The outcome of a step of a test.
type TestResult<T = ()> = Result<T, Error>;

/// What all tests of a service begin with, and end with; each test program has one service.
static REFERENCE: OnceLock<Reference> = OnceLock::new();

/// A service to which nothing happens.
struct Reference {
    /// What it stands on once it has begun to listen.
    starting_point: StartingPoint,
    /// Its end, with the fail points it came to because of requests.
    end: End,
    /// The fail points it came to because of messages.
    passed: BTreeSet<String>,
}

impl Reference {
    /// Those of these fail points that it came to because of requests.
    fn reached_by_requests<'p>(&self, points: &[&'p str]) -> Vec<&'p str> {
        let came = |point: &&&str| self.end.passed.contains(**point);
        points.iter().filter(came).copied().collect()
    }

    /// Those of these fail points that it came to at all.
    fn reached<'p>(&self, points: &[&'p str]) -> Vec<&'p str> {
        let heard = points.iter().filter(|point| self.passed.contains(**point));
        let mut reached = self.reached_by_requests(points);
        reached.extend(heard.filter(|point| !self.end.passed.contains(**point)));
        reached
    }
}

/// A service under test.
pub struct Subject {
    service: ServiceDescription,
    examples: Examples,
}

impl Subject {
    /// A service, with examples of what it hears and is asked for. The tests start it as a process by
    /// [`program`].
    ///
    /// # Panics
    /// When the examples cannot be read.
    pub fn new(service: Service, examples: &str) -> Self {
        let examples = match serde_json::from_str(examples) {
            Ok(examples) => examples,
            Err(error) => panic!("the examples cannot be read: {error}"),
        };
        Self {
            service: service.description(),
            examples,
        }
    }

    /// Lets something fail, and compares the end with that of a service that nothing happened to.
    fn survives(self, failure: impl AsyncFnOnce(&mut World) -> TestResult) {
        let subject = Arc::new(self);
        let reference = reference(&subject);
        let world = World::again(&subject, &reference.starting_point);
        assert_alike(&subject, &reference.end, &ended(world, failure));
    }

    /// The same for several failures of a kind at the same time, each in a world of its own.
    fn survives_each<T: Copy + Send + Sync + std::fmt::Debug>(
        self,
        kinds: impl FnOnce(&Reference) -> Vec<T>,
        failure: impl AsyncFn(&mut World, T) -> TestResult + Sync,
    ) {
        let subject = Arc::new(self);
        let reference = reference(&subject);
        let kinds = kinds(reference);
        std::thread::scope(|threads| {
            let (subject, failure) = (&subject, &failure);
            let all: Vec<_> = kinds
                .iter()
                .map(|kind| {
                    threads.spawn(move || {
                        let world = World::again(subject, &reference.starting_point);
                        let end = ended(world, async |world| failure(world, *kind).await);
                        assert_alike(subject, &reference.end, &end);
                    })
                })
                .collect();
            for (thread, kind) in all.into_iter().zip(&kinds) {
                if let Err(panic) = thread.join() {
                    eprintln!("it was {kind:?} that failed");
                    resume_unwind(panic);
                }
            }
        });
    }
}

/// The service that hears and is asked all in order, each once.
fn reference(subject: &Arc<Subject>) -> &'static Reference {
    REFERENCE.get_or_init(|| {
        let mut starting_point = None;
        let before = ended(World::new(subject), async |world| {
            world.settle().await?;
            starting_point = Some(world.storage.starting_point()?);
            world.start().await
        });
        let starting_point = starting_point.unwrap_or(StartingPoint::Fresh);
        let mut passed = BTreeSet::new();
        let end = ended(World::again(subject, &starting_point), async |world| {
            world.start_noting().await?;
            world.hear_all().await?;
            world.stop_all().await?;
            passed = std::mem::take(&mut world.passed);
            world.start_noting().await?;
            world.send_all_requests().await
        });
        assert!(
            !subject.examples.acts || before.state != end.state || end.answers.are_refusals(),
            "none of the examples in `failures.json` has any effect, so nothing can be lost or \
             doubled: eject the file, and give examples that mean something to your decisions"
        );
        Reference {
            starting_point,
            end,
            passed,
        }
    })
}

/// Lives through a world, and gives its end.
#[track_caller]
fn ended(
    world: impl Future<Output = TestResult<World>>,
    failure: impl AsyncFnOnce(&mut World) -> TestResult,
) -> End {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let end = threads.map_err(Error::from).and_then(|threads| {
        threads.block_on(async {
            let mut world = world.await?;
            match failure(&mut world).await {
                Ok(()) => world.end().await,
                Err(error) => Err(world.explain(error)),
            }
        })
    });
    match end {
        Ok(end) => end,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn assert_alike(subject: &Subject, reference: &End, end: &End) {
    let requests = &subject.examples.requests;
    let (expected, found) = (
        reference.answers.summary(requests),
        end.answers.summary(requests),
    );
    // What was answered explains what has become of it.
    let answers = compare::difference(&expected, &found);
    if let Some(difference) = answers.or_else(|| compare::difference(&reference.state, &end.state))
    {
        panic!("it did not end as without the failure: {difference}");
    }
}
