//! The terminal: its alternate screen, its keys, the signals; and it is left as it was found, however `top` ends.

use std::io::{BufWriter, Stdout, Write, stdout};
use std::mem::ManuallyDrop;

use crossbeam_channel::Sender;
use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::draw;
use super::keys;
use super::state::{Input, Top};
use crate::screen::Look;

/// A frame goes out in one write, which matters over ssh.
const FRAME_BYTES: usize = 64 << 10;

type Backend = CrosstermBackend<BufWriter<Stdout>>;

/// The terminal while it is ours; dropping it gives it back.
pub(crate) struct Screen {
    /// Not dropped: its own way of giving the terminal back complains on standard error, which panics where that is gone too.
    terminal: ManuallyDrop<ratatui::Terminal<Backend>>,
}

impl Screen {
    /// Takes the terminal. A panic is told to `inputs`.
    pub(crate) fn take(inputs: &Sender<Input>) -> std::io::Result<Screen> {
        // What a panic says, in any thread, is to be read on the screen that stays; and it ends the whole.
        let end = inputs.clone();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
            let _ = end.try_send(Input::End);
        }));
        let terminal = ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, stdout())))?;
        let screen = Screen { terminal: ManuallyDrop::new(terminal) };
        enter()?;
        Ok(screen)
    }

    /// Draws what has changed.
    pub(crate) fn draw(&mut self, look: &Look, top: &mut Top) -> std::io::Result<()> {
        self.terminal.draw(|frame| draw::draw(frame, look, top)).map(drop)
    }

    /// Everything is drawn anew at the next drawing; who stopped the program may have left the terminal another way.
    pub(crate) fn anew(&mut self) -> std::io::Result<()> {
        enter()?;
        // `clear` would ask the terminal where its cursor is, and the answer would go to who reads the keys.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> std::io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)
}

/// Gives the terminal back. One that is gone needs nothing any more.
fn give_back() {
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// Sends keys and signals on, from threads of their own.
pub(crate) fn listen(inputs: &Sender<Input>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCONT])?;
    let (to_keys, to_signals) = (inputs.clone(), inputs.clone());
    std::thread::Builder::new().name("top-signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let input = if signal == SIGCONT { Input::Anew } else { Input::End };
            if to_signals.send(input).is_err() {
                return;
            }
        }
    })?;
    std::thread::Builder::new().name("top-keys".to_owned()).spawn(move || {
        // A terminal that cannot be read any more is gone.
        while let Ok(event) = crossterm::event::read() {
            let Some(input) = keys::input(&event) else { continue };
            if to_keys.send(input).is_err() {
                return;
            }
        }
        let _ = to_keys.send(Input::End);
    })?;
    Ok(())
}
