//! The instances of the service that run in a world.

use std::process::Output;

use super::TestResult;
use super::program::{self, Program};
use super::world::World;
use platform_ports::fail_point;

impl World {
    /// Starts an instance of the service.
    pub async fn start(&mut self) -> TestResult {
        self.start_with(None).await
    }

    /// Starts an instance that says which fail points it comes to.
    pub async fn start_noting(&mut self) -> TestResult {
        self.start_with(Some(fail_point::NONE)).await
    }

    /// Starts an instance that stays for good at this fail point.
    pub async fn start_held(&mut self, point: &str) -> TestResult {
        self.start_with(Some(point)).await
    }

    /// Starts an instance to which nobody answers at the broker's location.
    pub async fn start_alone(&mut self) -> TestResult {
        let at = self.storage.without_broker()?;
        let program = Program::start(&self.subject, &at, None).await?;
        self.log = program.log();
        self.programs.push(program);
        Ok(())
    }

    async fn start_with(&mut self, fail_point: Option<&str>) -> TestResult {
        let program = Program::start(&self.subject, &self.storage.at, fail_point).await?;
        self.log = program.log();
        self.programs.push(program);
        Ok(())
    }

    /// The instance that was started last.
    pub fn program(&mut self) -> TestResult<&mut Program> {
        Ok(self.programs.last_mut().ok_or("no instance runs")?)
    }

    /// Kills the instance that was started last.
    pub async fn kill(&mut self) -> TestResult {
        self.programs.pop().ok_or("no instance runs")?.kill().await
    }

    /// Ends all instances in order.
    pub async fn stop_all(&mut self) -> TestResult {
        for program in self.programs.drain(..) {
            self.passed.extend(program.stop().await?);
        }
        Ok(())
    }

    /// Lets the service's command line do something.
    pub async fn command(&self, arguments: &[&str]) -> TestResult<Output> {
        program::run(&self.subject, &self.storage.at, arguments).await
    }
}
