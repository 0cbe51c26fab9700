//! What the process takes of its machine, under the names that Prometheus clients have for it; nothing where `/proc` is not
//! there or does not tell.

use super::metrics::Writer;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use std::fmt;

/// Writes the `process_` metrics.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    #[cfg(target_os = "linux")]
    fn encode(&self, encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        match Usage::now() {
            Ok(usage) => usage.write(&mut Writer(encoder)),
            Err(_) => Ok(()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn encode(&self, _: DescriptorEncoder) -> Result<(), fmt::Error> {
        Ok(())
    }
}

#[cfg(target_os = "linux")]
struct Usage {
    cpu_s: f64,
    /// Unknown where `/proc` shows nothing but processes.
    started_s: Option<f64>,
    resident_bytes: f64,
    virtual_bytes: f64,
    open_fds: f64,
    threads: f64,
}

#[cfg(target_os = "linux")]
#[allow(clippy::cast_precision_loss)] // Prometheus knows no other numbers.
impl Usage {
    fn now() -> procfs::ProcResult<Self> {
        let process = procfs::process::Process::myself()?;
        let stat = process.stat()?;
        let ticks = procfs::ticks_per_second() as f64;
        Ok(Self {
            cpu_s: (stat.utime + stat.stime) as f64 / ticks,
            started_s: procfs::boot_time_secs().ok().map(|boot| boot as f64 + stat.starttime as f64 / ticks),
            resident_bytes: (stat.rss * procfs::page_size()) as f64,
            virtual_bytes: stat.vsize as f64,
            open_fds: process.fd_count()? as f64,
            threads: stat.num_threads as f64,
        })
    }

    fn write(&self, writer: &mut Writer) -> Result<(), fmt::Error> {
        writer.counter_of("process_cpu", "CPU time of the process, user and system", "seconds", self.cpu_s)?;
        writer.gauge_of("process_start_time", "When the process began, in Unix time", "seconds", self.started_s.map(|time| ([], time)))?;
        writer.gauge_of("process_resident_memory", "Memory of the process that is in RAM", "bytes", [([], self.resident_bytes)])?;
        writer.gauge_of("process_virtual_memory", "Memory of the process", "bytes", [([], self.virtual_bytes)])?;
        writer.gauge("process_open_fds", "File descriptors that the process has open", [([], self.open_fds)])?;
        writer.gauge("process_threads", "Threads of the process", [([], self.threads)])
    }
}
