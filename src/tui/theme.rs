//! What things look like, by their role: the sixteen colours of the terminal on its own
//! background, and without colours where none are wanted.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

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
    /// What matches a search.
    Found,
    /// It is well.
    Good,
    /// To be seen.
    Warning,
    /// It failed.
    Error,
    /// Somebody's name and mark.
    Person(Hue),
    /// A border.
    Border,
}

/// The colours that people's names can have, readable on light and dark; those of who has not
/// chosen one come first. Each name stands beside its colour, so that none must be told by colour.
const HUES: [(&str, Color); 12] = [
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("yellow", Color::Yellow),
    ("green", Color::Green),
    ("light-blue", Color::LightBlue),
    ("light-red", Color::LightRed),
    ("red", Color::Red),
    ("blue", Color::Blue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("light-yellow", Color::LightYellow),
    ("light-green", Color::LightGreen),
];

/// How many of the colours are given out unasked.
const UNASKED: usize = 6;

/// The colour of a person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Hue(usize);

impl Hue {
    /// The colour of who has not chosen one.
    pub fn of(author: Author) -> Self {
        Self(usize::try_from(author.0).unwrap_or(0) % UNASKED)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        HUES.get(self.0).map_or("", |(name, _)| name)
    }

    fn color(self) -> Option<Color> {
        HUES.get(self.0).map(|(_, color)| *color)
    }
}

impl FromStr for Hue {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || HUES.map(|(name, _)| name).join(", ");
        let wrong = || format!("{name:?} is no colour of a name; those are {}", names());
        HUES.iter().position(|(known, _)| *known == name).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Hue {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

/// Colours chosen by the person, as the configuration file says them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Colors {
    /// Of map keys.
    pub key: Option<Tint>,
    /// Of strings.
    pub string: Option<Tint>,
    /// Of numbers.
    pub number: Option<Tint>,
    /// Of `true` and `false`.
    pub boolean: Option<Tint>,
    /// Of `null`.
    pub null: Option<Tint>,
    /// Of what is well.
    pub good: Option<Tint>,
    /// Of what is to be seen.
    pub warning: Option<Tint>,
    /// Of what failed.
    pub error: Option<Tint>,
}

/// A colour by its name (`light-blue`), its number among 256, or as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Tint(Color);

impl TryFrom<String> for Tint {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let wrong = |_| {
            format!(
                "{name:?} is no colour; take a name such as \"light-blue\", \"0\" to \"255\", or \"#rrggbb\""
            )
        };
        name.parse().map(Self).map_err(wrong)
    }
}

impl Colors {
    fn chosen(self, role: Role) -> Option<Color> {
        let tint = match role {
            Role::Key => self.key,
            Role::Value(Kind::String) => self.string,
            Role::Value(Kind::Number) => self.number,
            Role::Value(Kind::Bool) => self.boolean,
            Role::Value(Kind::Null) => self.null,
            Role::Good => self.good,
            Role::Warning => self.warning,
            Role::Error => self.error,
            Role::Plain
            | Role::Value(Kind::Array | Kind::Object)
            | Role::Dim
            | Role::Title
            | Role::Hint
            | Role::Chosen
            | Role::Typed
            | Role::Found
            | Role::Person(_)
            | Role::Border => None,
        };
        tint.map(|tint| tint.0)
    }
}

/// What things look like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Theme {
    /// The colours chosen by the person.
    pub colors: Colors,
    /// Whether to do without colours.
    pub no_color: bool,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let (color, modifier) = look(role);
        let color = self.colors.chosen(role).or(color);
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
        Role::Found => (Some(Color::Yellow), Modifier::REVERSED),
        Role::Error => (Some(Color::Red), Modifier::BOLD),
        Role::Person(hue) => (hue.color(), Modifier::BOLD),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    #[test]
    fn colours_are_chosen_by_name_and_a_wrong_one_is_named_with_its_line() {
        let colors: Colors = toml::from_str("key = 'light-blue'\nstring = '#ff8800'").unwrap();
        let theme = Theme { colors, no_color: false };
        assert_eq!(theme.style(Role::Key).fg, Some(Color::LightBlue));
        assert_eq!(theme.style(Role::Value(Kind::String)).fg, Some(Color::Rgb(255, 136, 0)));
        assert_eq!(Theme { no_color: true, ..theme }.style(Role::Key).fg, None);
        let error = toml::from_str::<Colors>("key = 'red'\nnull = 'blurple'").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("blurple"), "{error}");
        assert!(toml::from_str::<Colors>("keys = 'red'").unwrap_err().to_string().contains("boolean"));
    }
}
