use super::*;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(10);

/// What was heard of the connections.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Opened,
    Failed(String),
    Silent,
    Full(usize),
}

/// A way whose other sides are given by the test, which also hears of everything.
struct Given {
    sides: Mutex<VecDeque<Result<DuplexStream, Failure>>>,
    heard: mpsc::Sender<Heard>,
}

impl Given {
    fn sides(sides: impl IntoIterator<Item = Result<DuplexStream, Failure>>) -> (Arc<dyn Way>, mpsc::Receiver<Heard>) {
        let (heard, listener) = mpsc::channel(256);
        (Arc::new(Self { sides: Mutex::new(sides.into_iter().collect()), heard }), listener)
    }

    fn tell(&self, what: Heard) {
        self.heard.try_send(what).expect("the test listens");
    }
}

#[async_trait]
impl Way for Given {
    async fn open(&self) -> Result<Box<dyn Stream>, Failure> {
        self.tell(Heard::Opened);
        let next = self.sides.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let side = next.unwrap_or_else(|| Err(Failure::permanent("no further side was given")))?;
        Ok(Box::new(side))
    }
    fn failed(&self, why: &Failure) {
        self.tell(Heard::Failed(why.line()));
    }
    fn silent(&self) {
        self.tell(Heard::Silent);
    }
    fn full(&self, most: usize) {
        self.tell(Heard::Full(most));
    }
}

async fn hears(listener: &mut mpsc::Receiver<Heard>) -> Heard {
    timeout(DEADLINE, listener.recv()).await.expect("something is heard in time").expect("the way is there")
}

async fn knock(door: &Doorway) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, door.port())).await.expect("it listens")
}

#[tokio::test]
async fn bytes_go_through_as_they_are_and_each_connection_asks_anew() {
    let (side, mut far) = tokio::io::duplex(64);
    let (other, mut second) = tokio::io::duplex(64);
    let (way, mut heard) = Given::sides([Ok(side), Ok(other)]);
    let door = Doorway::open(None, 0).await.expect("a port is free");
    let body = async {
        let mut near = knock(&door).await;
        near.write_all(b"\x16\x03\x01 hello").await.expect("it is taken");
        let mut got = [0; 9];
        far.read_exact(&mut got).await.expect("it comes");
        assert_eq!(&got, b"\x16\x03\x01 hello");
        far.write_all(b"\0\xff").await.expect("it is taken");
        drop(far);
        let mut back = Vec::new();
        near.read_to_end(&mut back).await.expect("it comes");
        assert_eq!(back, b"\0\xff");
        let mut near = knock(&door).await;
        near.write_all(b"x").await.expect("it is taken");
        assert_eq!(second.read_u8().await.ok(), Some(b'x'));
        assert_eq!((hears(&mut heard).await, hears(&mut heard).await), (Heard::Opened, Heard::Opened));
    };
    tokio::select! {
        () = door.serve(&way) => {}
        ended = timeout(DEADLINE, body) => ended.expect("in time"),
    }
}

#[tokio::test]
async fn a_connection_without_a_way_is_closed_and_said_and_the_next_one_is_carried() {
    let (side, far) = tokio::io::duplex(64);
    let (way, mut heard) = Given::sides([Err(Failure::transient("refused")), Ok(side)]);
    let door = Doorway::open(None, 0).await.expect("a port is free");
    let body = async {
        let mut near = knock(&door).await;
        let mut nothing = Vec::new();
        let closed = near.read_to_end(&mut nothing).await;
        assert!(nothing.is_empty(), "{closed:?}");
        assert_eq!(
            (hears(&mut heard).await, hears(&mut heard).await),
            (Heard::Opened, Heard::Failed("refused".into()))
        );
        // One that ends without a byte is how a tunnel shows a port that refuses.
        let mut near = knock(&door).await;
        near.write_all(b"hello").await.expect("it is taken");
        let mut far = far;
        far.read_exact(&mut [0; 5]).await.expect("it comes");
        drop(far);
        near.read_to_end(&mut nothing).await.expect("it ends");
        drop(near);
        assert_eq!((hears(&mut heard).await, hears(&mut heard).await), (Heard::Opened, Heard::Silent));
    };
    tokio::select! {
        () = door.serve(&way) => {}
        ended = timeout(DEADLINE, body) => ended.expect("in time"),
    }
}

#[tokio::test]
async fn beyond_the_most_one_connection_waits_until_another_ends_and_that_is_said_once() {
    let (mut sides, mut fars): (Vec<_>, Vec<_>) = (0..=MOST + 1).map(|_| tokio::io::duplex(64)).unzip();
    let (way, mut heard) = Given::sides(sides.drain(..).map(Ok));
    let door = Doorway::open(None, 0).await.expect("a port is free");
    let body = async {
        let mut open = Vec::new();
        for n in 0..MOST {
            let mut near = knock(&door).await;
            near.write_all(b"x").await.expect("it is taken");
            assert_eq!(hears(&mut heard).await, Heard::Opened, "connection {n}");
            open.push(near);
        }
        assert!(heard.try_recv().is_err(), "as long as nobody waits nothing is said");
        // Two more are taken by the system, and carried by nobody until there is room.
        let mut waiting = [knock(&door).await, knock(&door).await];
        for near in &mut waiting {
            near.write_all(b"y").await.expect("the system takes it");
        }
        assert_eq!(hears(&mut heard).await, Heard::Full(MOST));
        drop(fars.remove(0));
        assert_eq!(hears(&mut heard).await, Heard::Silent, "the first one has said something and heard nothing");
        assert_eq!(hears(&mut heard).await, Heard::Opened);
        assert_eq!(fars[MOST - 1].read_u8().await.ok(), Some(b'y'));
        // It is full again, and that was said.
        drop(fars.remove(0));
        assert_eq!(hears(&mut heard).await, Heard::Silent);
        assert_eq!(hears(&mut heard).await, Heard::Opened);
        drop(open);
    };
    tokio::select! {
        () = door.serve(&way) => {}
        ended = timeout(DEADLINE * 3, body) => ended.expect("in time"),
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_refused_where_it_was_asked_for_and_left_alone_where_it_is_usual() {
    let first = Doorway::open(None, 0).await.expect("a port is free");
    let taken = first.port();
    let failure = Doorway::open(Some(taken), 0).await.err().expect("it is taken");
    assert!(failure.line().contains(&taken.to_string()) && failure.hint.is_some(), "{failure:?}");
    let second = Doorway::open(None, taken).await.expect("another port is free");
    assert_ne!(second.port(), taken);
    // Closed with it.
    drop(first);
    assert_eq!(Doorway::open(Some(taken), 0).await.map(|door| door.port()).ok(), Some(taken));
}
