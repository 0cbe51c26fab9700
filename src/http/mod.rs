//! The HTTP port: `/live`, `/ready` and `/metrics`, in a thread of its own that only reads what the workers leave behind.

mod answer;
mod metrics;
mod process;

use crate::runtime::crew::Crew;
use answer::Answers;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// How long a caller may take to say what it wants, and how long one call may take in all. Whoever waits for its turn behind callers that say
/// nothing must have it before a probe gives up, in 5 s.
const HEAD_MAX: Duration = Duration::from_secs(2);
const CALL_MAX: Duration = Duration::from_secs(15);

/// How large the head of a request may be, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How many callers are served at once; others wait for their turn.
const CALLERS_MAX: usize = 256;

/// The pause after a caller could not be let in, for want of file descriptors say.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// The port cannot be opened.
#[derive(Debug, Error)]
#[error(
    "cannot listen on http.listen = \"{address}\": {reason}; set http.listen to an address of this machine and a port that is free, or to \"off\""
)]
pub struct PortError {
    /// The address that was asked for.
    address: SocketAddr,
    /// In the text already, so that it is no source as well.
    reason: io::Error,
}

/// Opens the port and answers callers from now on, for as long as the process lives: the address, with the port that was
/// taken if any was asked for. `call_max` is how long a worker's call may last before the process counts as stuck.
pub fn open(address: SocketAddr, crew: Arc<Crew>, call_max: Duration) -> Result<SocketAddr, PortError> {
    let opened = listen(address).and_then(|(listener, taken)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answers = Arc::new(Answers::new(crew, call_max));
        let serve = move || match runtime.block_on(serve(listener, answers)) {
            Err(error) => warn!(%error, "the HTTP port is closed"),
        };
        thread::Builder::new().name("http".to_owned()).spawn(serve)?;
        Ok(taken)
    });
    let taken = opened.map_err(|reason| PortError { address, reason })?;
    info!(address = %taken, "listening for HTTP");
    Ok(taken)
}

fn listen(address: SocketAddr) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let taken = listener.local_addr()?;
    Ok((listener, taken))
}

async fn serve(listener: std::net::TcpListener, answers: Arc<Answers>) -> io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(CALLERS_MAX));
    loop {
        let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
        match listener.accept().await {
            Ok((stream, _)) => {
                let answers = Arc::clone(&answers);
                tokio::spawn(async move {
                    attend(stream, &answers).await;
                    drop(place);
                });
            }
            Err(error) => {
                warn!(%error, "an HTTP caller could not be let in");
                sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

/// One request of one caller; how a call ends that goes wrong is the caller's concern.
async fn attend(stream: TcpStream, answers: &Answers) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(HEAD_BYTES_MAX).keep_alive(false);
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answers.to(&request)) });
    let _ = timeout(CALL_MAX, http.serve_connection(TokioIo::new(stream), service)).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpStream};

    const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    fn opened(crew: &Arc<Crew>) -> SocketAddr {
        open(ANY, Arc::clone(crew), Duration::from_mins(1)).expect("a free port")
    }

    /// What comes back until the other side closes.
    fn ask(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
        stream.write_all(request).expect("written");
        let mut answer = Vec::new();
        // A server that closes with unread input resets the connection.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).expect("text")
    }

    fn get(address: SocketAddr, path: &str) -> String {
        ask(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
    }

    #[test]
    fn it_says_whether_the_process_works_and_is_ready() {
        let crew = Arc::new(Crew::new(1));
        let address = opened(&crew);
        assert!(get(address, "/live").starts_with("HTTP/1.1 200 OK\r\n"));
        let starting = get(address, "/ready?verbose");
        assert!(starting.starts_with("HTTP/1.1 503 ") && starting.ends_with("\r\n\r\nstarting\n"), "{starting}");
        crew.posts()[0].vitals.joined();
        let ready = get(address, "/ready");
        assert!(ready.starts_with("HTTP/1.1 200 OK\r\n") && ready.ends_with("\r\n\r\nok\n"), "{ready}");
        let metrics = get(address, "/metrics");
        assert!(metrics.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"), "{metrics}");
        assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    }

    #[test]
    fn a_worker_that_is_stuck_is_told() {
        let crew = Arc::new(Crew::new(1));
        let address = open(ANY, Arc::clone(&crew), Duration::ZERO).expect("a free port");
        let call = crew.posts()[0].vitals.call("commit");
        let stuck = get(address, "/live");
        assert!(stuck.starts_with("HTTP/1.1 503 ") && stuck.contains("\r\n\r\nworker 0: a call to kafka"), "{stuck}");
        drop(call);
        assert!(get(address, "/live").starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn it_answers_reads_of_what_it_has_and_nothing_else() {
        let address = opened(&Arc::new(Crew::new(0)));
        let head = ask(address, b"HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n") && head.contains("content-length: "), "{head}");
        for path in ["/", "/live/", "/metrics/x", "//ready"] {
            assert!(get(address, path).starts_with("HTTP/1.1 404 "), "{path}");
        }
        let post = ask(address, b"POST /live HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx");
        assert!(post.starts_with("HTTP/1.1 405 ") && post.contains("allow: GET, HEAD\r\n"), "{post}");
        assert!(ask(address, b"hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
        let large = format!("GET /live HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX));
        assert!(ask(address, large.as_bytes()).starts_with("HTTP/1.1 431 "));
    }

    #[test]
    fn callers_who_say_nothing_are_sent_away_and_the_next_is_served() {
        let address = opened(&Arc::new(Crew::new(0)));
        let silent: Vec<TcpStream> = (0..CALLERS_MAX).map(|_| TcpStream::connect(address).expect("a connection")).collect();
        assert!(get(address, "/live").starts_with("HTTP/1.1 200 "));
        drop(silent);
    }

    #[test]
    fn an_address_that_is_taken_is_refused_with_what_to_do() {
        let taken = std::net::TcpListener::bind(ANY).expect("a free port");
        let address = taken.local_addr().expect("an address");
        let refused = open(address, Arc::new(Crew::new(1)), Duration::ZERO).expect_err("it is taken").to_string();
        assert!(refused.starts_with(&format!("cannot listen on http.listen = \"{address}\": Address already in use")), "{refused}");
        assert!(refused.ends_with("a port that is free, or to \"off\""), "{refused}");
    }
}
