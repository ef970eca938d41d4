//! What things look like, by their role: the sixteen colours of the terminal on its own
//! background, and without colours where none are wanted.

use ratatui::style::{Color, Modifier, Style};

use crate::document::Kind;
use crate::sync::Author;

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Text.
    Plain,
    /// A map key.
    Key,
    /// A scalar of this kind, or a container's count.
    Value(Kind),
    /// Brackets, commas, marks: what is there but need not be read.
    Dim,
    /// The name of the file, a heading.
    Title,
    /// A key in a hint.
    Hint,
    /// The row under the cursor.
    Chosen,
    /// What is being typed.
    Typed,
    /// It is well.
    Good,
    /// To be seen.
    Warning,
    /// It failed.
    Error,
    /// Somebody's name and mark.
    Person(Author),
    /// A border.
    Border,
}

/// The colours of people's names; each has a name beside it, so that none must be told by colour.
const PEOPLE: [Color; 6] =
    [Color::Magenta, Color::Cyan, Color::Yellow, Color::Green, Color::LightBlue, Color::LightRed];

/// What things look like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Theme {
    /// Whether to do without colours.
    pub no_color: bool,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let (color, modifier) = look(role);
        let style = Style::new().add_modifier(modifier);
        match color {
            Some(color) if !self.no_color => style.fg(color),
            _ => style,
        }
    }
}

fn look(role: Role) -> (Option<Color>, Modifier) {
    let plain = Modifier::empty();
    match role {
        Role::Plain => (None, plain),
        Role::Key => (Some(Color::Blue), plain),
        Role::Value(Kind::String) | Role::Good => (Some(Color::Green), plain),
        Role::Value(Kind::Number) => (Some(Color::Cyan), plain),
        Role::Value(Kind::Bool) => (Some(Color::Yellow), plain),
        Role::Value(Kind::Null) => (Some(Color::Magenta), plain),
        Role::Value(Kind::Array | Kind::Object) | Role::Dim | Role::Border => (None, Modifier::DIM),
        Role::Title | Role::Hint => (None, Modifier::BOLD),
        Role::Chosen => (None, Modifier::REVERSED),
        Role::Typed => (None, Modifier::UNDERLINED),
        Role::Warning => (Some(Color::Yellow), Modifier::BOLD),
        Role::Error => (Some(Color::Red), Modifier::BOLD),
        Role::Person(author) => {
            let at = usize::try_from(author.0).unwrap_or(0) % PEOPLE.len();
            (PEOPLE.get(at).copied(), Modifier::BOLD)
        }
    }
}
