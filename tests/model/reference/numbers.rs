//! Phone numbers: the narrow rule, the broad class and the judgement of a joined wa_id, as one small table.

/// Digits only: separators, a leading `+` and a leading `00` fall away.
pub fn digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.trim_start().starts_with('+') { digits } else { digits.strip_prefix("00").unwrap_or(&digits).to_owned() }
}

pub fn same_subscriber(left: &str, right: &str) -> bool {
    subscriber(left) == subscriber(right)
}

/// One representative per subscriber by the narrow rule.
pub fn subscriber(number: &str) -> String {
    if let Some((area, local)) = brazil(number) {
        let mobile = matches!(local.as_bytes()[0], b'6'..=b'9');
        return if mobile { format!("55{area}{local}") } else { number.to_owned() };
    }
    mexico(number).map_or_else(|| number.to_owned(), |local| format!("52{local}"))
}

/// The co-location class: every spelling that could be the same number, and some that are not.
pub fn class(number: &str) -> String {
    if let Some((area, local)) = brazil(number) {
        return format!("BR {area} {local}");
    }
    if let Some(local) = mexico(number) {
        return format!("MX {local}");
    }
    if let Some(local) = argentina(number) {
        return format!("AR {local}");
    }
    for (code, country) in [("225", "CI"), ("229", "BJ")] {
        match number.strip_prefix(code) {
            Some(local) if matches!(local.len(), 8 | 10) => return format!("{country} {}", &local[local.len() - 8..]),
            _ => {}
        }
    }
    number.to_owned()
}

/// Whether accepted evidence links two spellings into one line. A Brazilian landline and a mobile never are one.
pub fn linkable(dialled: &str, wa_id: &str) -> bool {
    same_subscriber(dialled, wa_id) || (class(dialled) == class(wa_id) && brazil(dialled).is_none())
}

/// Whether a joined wa_id is refused: another subscriber under another calling code.
pub fn foreign(dialled: &str, wa_id: &str) -> bool {
    !same_subscriber(dialled, wa_id) && calling_code(dialled) != calling_code(wa_id)
}

/// What the difference of a wa_id from the dialled number is called.
pub fn variant(dialled: &str, wa_id: &str) -> &'static str {
    let both = |national: fn(&str) -> bool| national(dialled) && national(wa_id);
    let short_and_long = dialled.len().abs_diff(wa_id.len()) == 1 && dialled.len().max(wa_id.len()) == 13;
    if dialled == wa_id {
        "SAME"
    } else if same_subscriber(dialled, wa_id) && both(|number| brazil(number).is_some()) {
        "BR_NINTH_DIGIT"
    } else if same_subscriber(dialled, wa_id) && both(|number| mexico(number).is_some()) {
        "MX_MOBILE_ONE"
    } else if short_and_long && both(|number| argentina(number).is_some()) && argentina(dialled) == argentina(wa_id) {
        "AR_MOBILE_NINE"
    } else {
        "UNRECOGNISED"
    }
}

/// Area and the last 8 digits. Areas have no zero, so `55800…` and `55300…` are no subscribers' numbers.
fn brazil(number: &str) -> Option<(&str, &str)> {
    let national = number.strip_prefix("55")?;
    let (area, local) = national.split_at_checked(2)?;
    let local = match local.len() {
        8 => local,
        9 => local.strip_prefix('9')?,
        _ => return None,
    };
    (!area.contains('0')).then_some((area, local))
}

fn mexico(number: &str) -> Option<&str> {
    match number.len() {
        12 => number.strip_prefix("52"),
        13 => number.strip_prefix("521"),
        _ => None,
    }
}

/// The ten national digits; the local spelling puts a 15 after an area of 2 (only 11), 3 or 4 digits.
fn argentina(number: &str) -> Option<String> {
    match number.len() {
        12 => number.strip_prefix("54").map(str::to_owned),
        13 => number.strip_prefix("549").map(str::to_owned),
        14 => {
            let local = number.strip_prefix("54")?;
            let area = (2..=4).find(|&area| local[area..].starts_with("15") && (area > 2 || local.starts_with("11")))?;
            Some(format!("{}{}", &local[..area], &local[area + 2..]))
        }
        _ => None,
    }
}

/// ITU calling codes: 1 and 7 have one digit, these have two, all others three.
const TWO_DIGITS: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53", "54",
    "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

fn calling_code(number: &str) -> &str {
    let length = match number.get(..2) {
        _ if number.starts_with(['1', '7']) => 1,
        Some(two) if TWO_DIGITS.contains(&two) => 2,
        _ => 3,
    };
    number.get(..length).unwrap_or(number)
}
