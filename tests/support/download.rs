//! The jars of Apache Kafka, fetched once through Maven into a directory that all test processes share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io};

use anyhow::{Context, Result, bail};

const VERSION: &str = "4.3.1";

/// Present once a directory of jars is complete, since the directory appears by one rename.
const MAIN_JAR: &str = "kafka_2.13-4.3.1.jar";

const COPY_DEPENDENCIES: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// What to do on a machine without the programs, at the end of each error about them.
pub const REMEDY: &str = "install a JDK (17 or newer) and Maven so that the tests can run their own Kafka, \
     or set WAID_TEST_BOOTSTRAP=host:port to use a broker that already runs";

/// The directory with Kafka's jars, downloaded when it is not there yet. Processes that need it at the same time wait for one download.
pub fn kafka_jars() -> Result<PathBuf> {
    let jars = env::var_os("WAID_TEST_KAFKA_DIR").map_or_else(default_directory, PathBuf::from);
    if is_complete(&jars) {
        return Ok(jars);
    }
    let parent = jars.parent().context("WAID_TEST_KAFKA_DIR must not be the root directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let lock = File::create(parent.join("kafka.lock"))?;
    lock.lock()?;
    if !is_complete(&jars) {
        download(parent, &jars).with_context(|| format!("cannot fetch Apache Kafka {VERSION} into {}", jars.display()))?;
    }
    Ok(jars)
}

/// `kafka-4.3.1` in Cargo's target directory, whichever that is: Cargo names its `tmp` directory when it compiles integration tests.
fn default_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(format!("kafka-{VERSION}"))
}

fn is_complete(jars: &Path) -> bool {
    jars.join(MAIN_JAR).exists()
}

fn download(parent: &Path, jars: &Path) -> Result<()> {
    let work = tempfile::Builder::new().prefix("kafka-download-").tempdir_in(parent)?;
    let pom = work.path().join("pom.xml");
    let fetched = work.path().join("jars");
    fs::write(&pom, pom_text())?;
    copy_dependencies(&pom, &fetched)?;
    if !is_complete(&fetched) {
        bail!("Maven ended well, but {MAIN_JAR} is not among the files that it copied");
    }
    fs::rename(&fetched, jars).context("the directory is there, but incomplete; remove it and try again")
}

fn copy_dependencies(pom: &Path, into: &Path) -> Result<()> {
    let output = Command::new("mvn")
        .args(["--batch-mode", "--quiet", COPY_DEPENDENCIES, "--file"])
        .arg(pom)
        .arg(format!("-DoutputDirectory={}", into.display()))
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => bail!("Maven failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stdout)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("there is no `mvn` on the PATH; {REMEDY}"),
        Err(error) => Err(error).context("cannot run `mvn`"),
    }
}

/// The last dependency is the log4j binding, without which the broker logs nothing: Kafka ships it, but does not depend on it.
fn pom_text() -> String {
    format!(
        r"<project xmlns='http://maven.apache.org/POM/4.0.0'>
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version></dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
"
    )
}
