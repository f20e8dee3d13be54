//! A TCP proxy in front of the backend that cuts a connection, or holds it, before or after the request went through.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

/// What happens to the next refreshes that come through. Everything else passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection ends before the request is passed on.
    Before,
    /// The answer is read, and the connection ends without it.
    After,
    /// The request is kept, and neither passed on nor answered.
    HoldBefore,
    /// The answer is kept.
    HoldAfter,
}

#[derive(Clone)]
pub struct Proxy {
    pub url: Url,
    to: String,
    /// Takes connections, while it is open.
    front: Arc<tokio::sync::Mutex<Option<JoinHandle<()>>>>,
    plan: Arc<Mutex<Vec<Cut>>>,
    page: Arc<Mutex<Option<String>>>,
    paged: Arc<Mutex<usize>>,
    redeems: Arc<Mutex<usize>>,
    /// How many redeems came through, whether their answers are kept from now on, and what each is answered with instead.
    redeeming: Arc<Mutex<(usize, bool, Option<String>)>>,
    /// How often the backend was asked who runs it, and whether it gets no answer through.
    asked: Arc<Mutex<(usize, bool)>>,
    rewrite: Arc<Mutex<Option<(String, String)>>>,
    /// Whether every request is taken and none answered.
    hangs: Arc<Mutex<bool>>,
    held: Arc<Notify>,
}

impl Proxy {
    /// Takes connections at `front` and passes them on to `backend`.
    pub fn start(front: TcpListener, backend: &Url) -> Self {
        let url = Url::parse(&format!("http://{}", front.local_addr().unwrap())).unwrap();
        let to = format!("{}:{}", backend.host_str().unwrap(), backend.port().unwrap());
        let this = Self {
            url,
            to,
            front: Arc::default(),
            plan: Arc::default(),
            page: Arc::default(),
            paged: Arc::default(),
            redeems: Arc::default(),
            redeeming: Arc::default(),
            asked: Arc::default(),
            rewrite: Arc::default(),
            hangs: Arc::default(),
            held: Arc::default(),
        };
        *this.front.try_lock().unwrap() = Some(this.take_connections(front));
        this
    }

    fn take_connections(&self, front: TcpListener) -> JoinHandle<()> {
        let proxy = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = front.accept().await {
                let proxy = proxy.clone();
                tokio::spawn(async move { proxy.pass(stream).await });
            }
        })
    }

    /// Nobody takes connections there any more.
    pub async fn close(&self) {
        let front = self.front.lock().await.take().unwrap();
        front.abort();
        drop(front.await);
    }

    /// Takes connections again after [`Proxy::close`].
    pub async fn open(&self) {
        let address = (self.url.host_str().unwrap(), self.url.port().unwrap());
        *self.front.lock().await = Some(self.take_connections(TcpListener::bind(address).await.unwrap()));
    }

    /// The next refreshes meet these, one each.
    pub fn plan(&self, cuts: &[Cut]) {
        *self.plan.lock().unwrap() = cuts.iter().rev().copied().collect();
    }

    /// Answers every request with this from now on, or passes them on again.
    pub fn page(&self, answer: Option<String>) {
        *self.page.lock().unwrap() = answer;
    }

    /// How many requests were answered so.
    pub fn paged(&self) -> usize {
        *self.paged.lock().unwrap()
    }

    /// The next `count` redeems get no answer, after they have been passed on.
    pub fn fail_redeems(&self, count: usize) {
        *self.redeems.lock().unwrap() = count;
    }

    /// Whether redeems are passed on and get no answer from now on, while the connection stays open.
    pub fn keep_redeemed(&self, keeps: bool) {
        self.redeeming.lock().unwrap().1 = keeps;
    }

    /// Answers every redeem with this from now on, and passes none on.
    pub fn refuse_redeems(&self, answer: Option<String>) {
        self.redeeming.lock().unwrap().2 = answer;
    }

    /// How many redeems came here.
    pub fn redeemed(&self) -> usize {
        self.redeeming.lock().unwrap().0
    }

    /// Whether the question who runs the backend gets no answer from now on.
    pub fn keep_quiet(&self, quiet: bool) {
        self.asked.lock().unwrap().1 = quiet;
    }

    /// Whether every request is taken and none answered from now on.
    pub fn hang(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
    }

    /// How often the backend was asked who runs it.
    pub fn asked(&self) -> usize {
        self.asked.lock().unwrap().0
    }

    /// Replaces text in answers; both have the same length.
    pub fn rewrite(&self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        *self.rewrite.lock().unwrap() = Some((from.to_owned(), to.to_owned()));
    }

    /// Waits until something is held.
    pub async fn holding(&self) {
        self.held.notified().await;
    }

    async fn pass(&self, mut front: TcpStream) {
        let Ok(mut back) = TcpStream::connect(&self.to).await else { return };
        // One request per connection is enough to see what it is: the client is told to close by being closed on.
        let Some(request) = whole(&mut front).await else { return };
        if *self.hangs.lock().unwrap() {
            return self.hold(front).await;
        }
        let page = self.page.lock().unwrap().clone();
        if let Some(page) = page {
            drop(front.write_all(page.as_bytes()).await);
            *self.paged.lock().unwrap() += 1;
            return;
        }
        if request.starts_with(b"GET /v1/client") {
            let mut asked = self.asked.lock().unwrap();
            asked.0 += 1;
            if asked.1 {
                return;
            }
        }
        let redeem = request.starts_with(b"POST /v1/redeem");
        let (mut keeps, mut instead) = (false, None);
        if redeem {
            let mut redeeming = self.redeeming.lock().unwrap();
            redeeming.0 += 1;
            (keeps, instead) = (redeeming.1, redeeming.2.clone());
        }
        if let Some(answer) = instead {
            drop(front.write_all(answer.as_bytes()).await);
            return;
        }
        let refresh = request.starts_with(b"POST /v1/refresh");
        let cut = if refresh { self.plan.lock().unwrap().pop() } else { None };
        match cut {
            Some(Cut::Before) => return,
            Some(Cut::HoldBefore) => return self.hold(front).await,
            _ => {}
        }
        if back.write_all(&request).await.is_err() {
            return;
        }
        let Some(mut answer) = whole(&mut back).await else { return };
        if let Some((from, to)) = self.rewrite.lock().unwrap().clone() {
            answer = String::from_utf8_lossy(&answer).replace(&from, &to).into_bytes();
        }
        if keeps {
            return self.hold(front).await;
        }
        if redeem {
            let mut left = self.redeems.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                return;
            }
        }
        match cut {
            Some(Cut::After) => {}
            Some(Cut::HoldAfter) => self.hold(front).await,
            _ => drop(front.write_all(&answer).await),
        }
    }

    async fn hold(&self, mut front: TcpStream) {
        self.held.notify_one();
        // Until the other side is dead.
        drop(front.read(&mut [0; 1]).await);
    }
}

/// One HTTP/1.1 message: its head, and as much body as that announces.
async fn whole(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
