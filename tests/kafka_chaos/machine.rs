//! A machine on which `waid run` is started again and again, with what the last one there has kept.

use crate::support::{Deployment, Running};

pub struct Machine<'a> {
    deployment: &'a Deployment,
    name: &'static str,
    running: Running,
}

impl<'a> Machine<'a> {
    /// With a process that has tasks.
    pub fn start(deployment: &'a Deployment, name: &'static str) -> Self {
        let running = deployment.start_on(name, &[]);
        running.wait_for_line(&["task assigned"]);
        Self { deployment, name, running }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The process; panics when it has ended and nobody asked it to.
    pub fn running(&self) -> &Running {
        assert_eq!(self.running.exit_code(), None, "machine {} ended by itself:\n{}", self.name, self.running.log());
        &self.running
    }

    /// The next process, in the place of one that has ended.
    pub fn start_again(&mut self, env: &[(&str, &str)]) {
        self.running = self.deployment.start_on(self.name, env);
    }

    /// Kills the process.
    pub fn kill(&self) -> i32 {
        self.running().signal("KILL");
        self.running.wait()
    }

    /// Waits for the end of a process that must end: the exit code.
    pub fn wait(&self) -> i32 {
        self.running.wait()
    }

    pub fn log(&self) -> String {
        self.running.log()
    }
}
