//! A worker that was away for too long, while others took over, must not commit what it had open. Kafka itself does not prevent
//! it; waid does, and with that defence left out it comes to duplicates.

mod support;

#[path = "kafka_fencing/kafka.rs"]
mod kafka;
#[path = "kafka_fencing/zombie.rs"]
mod zombie;
