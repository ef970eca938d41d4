//! Equality as RFC 6902 has it: by what numbers are worth and whatever the order of keys.

use crate::document::{Value, deep};

/// Whether two values say the same, however they are written.
pub(super) fn are_equal(left: &Value, right: &Value) -> bool {
    if left.is_same(right) {
        return true;
    }
    if let (Some(left), Some(right)) = (left.as_number(), right.as_number()) {
        return left == right || Decimal::read(left).is_some_and(|left| Some(left) == Decimal::read(right));
    }
    if left.kind() != right.kind() || left.len() != right.len() {
        return false;
    }
    let are_equal = |left, right| deep(|| are_equal(left, right));
    if left.is_object() {
        return left.entries().all(|(key, left)| right.key(key).is_some_and(|right| are_equal(left, right)));
    }
    if left.is_array() {
        return left.elements().zip(right.elements()).all(|(left, right)| are_equal(left, right));
    }
    left == right
}

/// A number's worth, exactly: 0.`digits` times ten to the `exponent`.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a JSON number; nothing if its exponent is beyond all measure.
    fn read(text: &str) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let leading_zeros = i64::try_from(all.len() - significant.len()).ok()?;
        let point = i64::try_from(whole.len()).ok()?.checked_sub(leading_zeros)?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(point)?;
        Some(Self { is_negative, digits: significant.trim_end_matches('0').to_owned(), exponent })
    }
}
