//! What a service has to survive, tried on its own program.
//!
//! The program runs as a process over real files: its database, and the broker's, in a folder of
//! their own. The test plays everybody else: it publishes what the owners of other contexts would,
//! answers what they are asked for, and sends requests. Then something fails: a message comes twice,
//! too late or as rubbish, the process is killed where it hurts (see [`platform_ports::fail_point`]) or anywhere,
//! nobody else is there. In the end the service has to be as one that the same happened to without
//! any failure: all rows, applied sequences, dead letters, and all that it has published, in order and once; and
//! requests have to be answered alike, be it with a refusal.
//!
//! What it hears and is asked for comes from the description, as examples in JSON. Effects are really
//! done: give the tests an environment in which that is harmless.

mod alone;
mod asking;
mod compare;
mod crash;
mod examples;
mod folder;
mod forgetting;
mod peers;
mod places;
mod poison;
mod program;
mod settled;
mod state;
mod wire;
mod world;

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock};

use self::examples::Examples;
use self::places::Begun;
pub use self::program::program;
use self::world::{End, World};
use platform_service::{Described, Service};

/// What can go wrong with a test itself.
type Error = Box<dyn std::error::Error + Send + Sync>;
/// The outcome of a step of a test.
type Step<T = ()> = Result<T, Error>;

/// What all tests of a service begin with, and end with; each test program has one service.
static REFERENCE: OnceLock<Reference> = OnceLock::new();

/// A service to which nothing happens.
struct Reference {
    /// What it stands on once it has begun to listen.
    begun: Begun,
    /// Its end, with the holds it came to because of requests.
    end: End,
    /// The holds it came to because of messages.
    passed: BTreeSet<String>,
}

impl Reference {
    /// Those of these holds that it came to because of requests.
    fn asked<'h>(&self, holds: &[&'h str]) -> Vec<&'h str> {
        let came = |hold: &&&str| self.end.passed.contains(**hold);
        holds.iter().filter(came).copied().collect()
    }

    /// Those of these holds that it came to at all.
    fn reached<'h>(&self, holds: &[&'h str]) -> Vec<&'h str> {
        let heard = holds.iter().filter(|hold| self.passed.contains(**hold));
        let mut reached = self.asked(holds);
        reached.extend(heard.filter(|hold| !self.end.passed.contains(**hold)));
        reached
    }
}

/// A service under test.
pub struct Subject {
    service: Described,
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
            service: service.described(),
            examples,
        }
    }

    /// Lets something fail, and holds the end against that of a service that nothing happened to.
    fn survives(self, failure: impl AsyncFnOnce(&mut World) -> Step) {
        let subject = Arc::new(self);
        let reference = reference(&subject);
        let world = World::again(&subject, &reference.begun);
        hold_against(&subject, &reference.end, &ended(world, failure));
    }

    /// The same for several failures of a kind at the same time, each in a world of its own.
    fn survives_each<T: Copy + Send + Sync + std::fmt::Debug>(
        self,
        kinds: impl FnOnce(&Reference) -> Vec<T>,
        failure: impl AsyncFn(&mut World, T) -> Step + Sync,
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
                        let world = World::again(subject, &reference.begun);
                        let end = ended(world, async |world| failure(world, *kind).await);
                        hold_against(subject, &reference.end, &end);
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
        let mut begun = None;
        let before = ended(World::new(subject), async |world| {
            world.settle().await?;
            begun = Some(world.places.begun()?);
            world.start().await
        });
        let begun = begun.unwrap_or(Begun::Anew);
        let mut passed = BTreeSet::new();
        let end = ended(World::again(subject, &begun), async |world| {
            world.start_noting().await?;
            world.hear_all().await?;
            world.stop_all().await?;
            passed = std::mem::take(&mut world.passed);
            world.start_noting().await?;
            world.ask_all().await
        });
        assert!(
            !subject.examples.acts || before.state != end.state || end.answers.are_refusals(),
            "none of the examples in `failures.json` has any effect, so nothing can be lost or \
             doubled: eject the file, and give examples that mean something to your decisions"
        );
        Reference { begun, end, passed }
    })
}

/// Lives through a world, and gives its end.
#[track_caller]
fn ended(
    world: impl Future<Output = Step<World>>,
    failure: impl AsyncFnOnce(&mut World) -> Step,
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
fn hold_against(subject: &Subject, reference: &End, end: &End) {
    let asks = &subject.examples.requests;
    let (expected, found) = (reference.answers.told(asks), end.answers.told(asks));
    // What was answered explains what has become of it.
    let answers = compare::difference(&expected, &found);
    if let Some(difference) = answers.or_else(|| compare::difference(&reference.state, &end.state))
    {
        panic!("it did not end as without the failure: {difference}");
    }
}
