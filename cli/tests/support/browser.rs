//! A real browser for a test: Chromium, told what to do by its own driver (WebDriver, W3C). Each has a profile of its own, and
//! ends with the test.

#![allow(unreachable_pub)] // a test has no outside

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::runtime::Runtime;

/// What a page is waited for, it shows within this time.
const SHOWN_WITHIN: Duration = Duration::from_secs(20);

/// Without scripts a page does not say when it changes.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A browser with one window. Dropping it ends it.
pub struct Browser {
    driver: Option<WebDriver>,
    runtime: Runtime,
    chromedriver: Child,
    _profile: tempfile::TempDir,
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

impl Browser {
    /// Opens one; `None`, and says why, where there is none on this machine.
    pub fn open(scripts: Scripts) -> Option<Browser> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut chromedriver = match started {
            Ok(child) => child,
            Err(error) => {
                println!("skipped: no chromedriver here (Debian: chromium-driver): {error}");
                return None;
            }
        };
        let mut said = BufReader::new(chromedriver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "chromedriver ended");
            if let Some((_, port)) = line.trim_end().rsplit_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // What it says later goes nowhere, but it must be able to say it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let profile = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"] {
            capabilities.add_arg(argument).unwrap();
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        if scripts == Scripts::Off {
            let preferences = json!({ "profile.managed_default_content_settings.javascript": 2 });
            capabilities.add_experimental_option("prefs", preferences).unwrap();
        }
        let driver = runtime.block_on(async {
            let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
            driver.set_script_timeout(SHOWN_WITHIN * 2).await.unwrap();
            driver
        });
        Some(Browser { driver: Some(driver), runtime, chromedriver, _profile: profile })
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }

    pub fn go(&self, url: &str) {
        self.runtime.block_on(self.driver().goto(url)).unwrap();
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        self.runtime.block_on(async { self.driver().execute(script, Vec::new()).await.unwrap().json().clone() })
    }

    /// What an expression is once it is something; looked at after every change of the page.
    pub fn until(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[0], look = () => {{ try {{ return {expression}; }} catch (error) {{ return null; }} }};
             const end = setTimeout(() => {{ watch.disconnect(); done(null); }}, {});
             const again = () => {{ const seen = look(); if (seen) {{ watch.disconnect(); clearTimeout(end); done(seen); }} }};
             const watch = new MutationObserver(again);
             watch.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
             again();",
            SHOWN_WITHIN.as_millis()
        );
        let seen = self.wait_for(&script);
        assert!(!seen.is_null(), "it never came: {expression}\n{}", self.run("return document.body.innerText"));
        seen
    }

    /// What a script hands to its last argument, a function.
    pub fn wait_for(&self, script: &str) -> Value {
        self.runtime.block_on(async { self.driver().execute_async(script, Vec::new()).await.unwrap().json().clone() })
    }

    pub fn click(&self, css: &str) {
        self.runtime.block_on(async { self.driver().find(By::Css(css)).await.unwrap().click().await.unwrap() });
    }

    /// Types into a field.
    pub fn fill(&self, css: &str, text: &str) {
        self.runtime.block_on(async { self.driver().find(By::Css(css)).await.unwrap().send_keys(text).await.unwrap() });
    }

    /// Waits until an element shows these words, also on the page that a click leads to; and its text. Works without a script.
    pub fn shows(&self, css: &str, words: &str) -> String {
        let text = self.runtime.block_on(async {
            let mut look = tokio::time::interval(LOOK_EVERY);
            let seen = async {
                loop {
                    look.tick().await;
                    // While a page goes and the next one comes there is no such element.
                    let text = match self.driver().find(By::Css(css)).await {
                        Ok(element) => element.text().await.unwrap_or_default(),
                        Err(_) => continue,
                    };
                    if text.contains(words) {
                        return text;
                    }
                }
            };
            tokio::time::timeout(SHOWN_WITHIN, seen).await.ok()
        });
        text.unwrap_or_else(|| panic!("{words} never came: {}", self.text("body")))
    }

    /// The text that is shown of an element.
    pub fn text(&self, css: &str) -> String {
        self.runtime.block_on(async { self.driver().find(By::Css(css)).await.unwrap().text().await.unwrap() })
    }

    /// Presses the tab key.
    pub fn tab(&self) {
        self.runtime.block_on(async { self.driver().action_chain().send_keys(Key::Tab).perform().await.unwrap() });
    }

    /// A command of the Chrome DevTools protocol.
    pub fn tell(&self, method: &str, parameters: Value) -> Value {
        self.runtime.block_on(async { self.driver().cdp().send_raw(method, parameters).await.unwrap() })
    }

    /// A window of this size, light or dark.
    pub fn look(&self, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.tell("Emulation.setDeviceMetricsOverride", size);
        self.tell("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            // Where it does not answer, the end of its driver ends it.
            let _ = self.runtime.block_on(driver.quit());
        }
        let _ = self.chromedriver.kill();
        let _ = self.chromedriver.wait();
    }
}
