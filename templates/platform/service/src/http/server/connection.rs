//! One connection: its requests, one after another, and its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::clock::{Clock, Phase};
use super::seats::Seat;
use super::stream::Stream;
use super::watched::Watched;
use super::{ConnectionLimits, refusal};

type Http = http1::Connection<TokioIo<Stream>, Requests>;

/// A connection that was let in.
pub(super) struct Connection {
    pub routes: Router,
    pub limits: ConnectionLimits,
    pub closing: watch::Receiver<bool>,
    pub seat: Seat,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// One of both sides has closed it.
    Closed,
    /// It took too long.
    Late,
    /// It was waiting, and is not waited for any longer.
    Left,
}

impl Connection {
    /// Answers what comes until it ends.
    pub async fn run(mut self, stream: TcpStream) {
        let clock = Arc::clone(&self.seat.clock);
        let io = TokioIo::new(Stream::new(stream, Arc::clone(&clock)));
        let requests = Requests {
            routes: TowerToHyperService::new(self.routes.clone()),
            clock,
        };
        let mut connection = http1::Builder::new()
            .max_header_size(self.limits.head)
            .serve_connection(io, requests);
        let end = self.see_through(&mut connection).await;
        let stream = connection.into_parts().io.into_inner();
        let problem = match stream.refused() {
            Some(status) => refusal::bad_head(status, self.limits.head),
            None if end == End::Late && self.has_half_a_head() => refusal::late(),
            None => return,
        };
        refusal::send(stream.into_inner(), problem).await;
    }

    fn has_half_a_head(&self) -> bool {
        let clock = &self.seat.clock;
        clock.phase() == Phase::Head && clock.waits_since().is_some()
    }

    async fn see_through(&mut self, connection: &mut Http) -> End {
        let Self { limits, seat, .. } = &*self;
        let mut closing = self.closing.clone();
        let mut closed = false;
        let mut timer = pin!(sleep_until(Instant::now() + limits.idle_time));
        loop {
            let progress = poll_fn(|context| {
                let progress = Pin::new(&mut *connection).poll(context);
                match progress {
                    // What goes wrong on a connection is its client's business.
                    Poll::Ready(_) => Poll::Ready(End::Closed),
                    Poll::Pending => poll_late(&seat.clock, limits, timer.as_mut(), context),
                }
            });
            tokio::select! {
                biased;
                end = progress => return end,
                () = seat.clock.unseated.notified() => {
                    if seat.clock.waits_since().is_some() {
                        return End::Left;
                    }
                }
                // Whoever has gone will not have it closed in order.
                _ = closing.wait_for(|closing| *closing), if !closed => {
                    closed = true;
                    Pin::new(&mut *connection).graceful_shutdown();
                    if seat.clock.phase() == Phase::Idle && seat.clock.waits_since().is_some() {
                        return End::Left;
                    }
                }
            }
        }
    }
}

/// Ready when what the connection is doing has taken too long.
fn poll_late(
    clock: &Clock,
    limits: &ConnectionLimits,
    mut timer: Pin<&mut Sleep>,
    context: &mut Context<'_>,
) -> Poll<End> {
    let Some(deadline) = clock.deadline(limits) else {
        return Poll::Pending;
    };
    if timer.deadline() != deadline {
        timer.as_mut().reset(deadline);
    }
    timer.poll(context).map(|()| End::Late)
}

/// What answers requests, and tells the clock of them.
struct Requests {
    routes: TowerToHyperService<Router>,
    clock: Arc<Clock>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Watched>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.clock.begun();
        let answer = self.routes.call(request);
        let clock = Arc::clone(&self.clock);
        Box::pin(async move { Ok(answer.await?.map(|body| Watched::new(body, clock))) })
    }
}
