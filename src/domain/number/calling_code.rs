//! Country calling codes: ITU-T E.164, "List of Recommendation ITU-T E.164 assigned country codes" (annex to the Operational Bulletin).

use crate::domain::ids::Number;

/// The country calling code a number begins with: 1 for the whole North American plan, 7 for Russia and Kazakhstan, else two or three digits.
///
/// The codes are a prefix code: a first digit 1 or 7 is a code of its own, the codes of two digits are those of `is_two_digits`, and every
/// other code has three, assigned or spare. So no list of the codes of three digits is needed to find where a code ends.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "three digits fit")]
pub const fn calling_code(number: Number) -> u16 {
    let value = number.value();
    let digits = value.ilog10() + 1;
    let three = (value / 10_u64.pow(digits - 3)) as u16;
    match three {
        100..=199 => 1,
        700..=799 => 7,
        _ if is_two_digits(three / 10) => three / 10,
        _ => three,
    }
}

const fn is_two_digits(code: u16) -> bool {
    matches!(code, 20 | 27 | 30..=34 | 36 | 39 | 40 | 41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code of three digits that is assigned to a country, a service or a group (ITU list, 2023 and later amendments).
    const THREE_DIGITS: [&str; 4] = [
        "211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 \
         247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299",
        "350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 379 380 381 382 383 385 386 387 389 420 421 423",
        "500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 \
         683 685 686 687 688 689 690 691 692",
        "800 808 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 \
         979 992 993 994 995 996 998",
    ];
    const TWO_DIGITS: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

    fn code_of(digits: &str) -> u16 {
        calling_code(Number::from_digits(digits).expect("a number"))
    }

    #[test]
    fn every_assigned_code_is_found_whatever_follows_it() {
        let assigned = THREE_DIGITS.iter().flat_map(|line| line.split_whitespace()).chain(TWO_DIGITS.split_whitespace()).chain(["1", "7"]);
        for code in assigned {
            for rest in ["0000000", "1234567", "9999999", "123456789012"] {
                assert_eq!(code_of(&format!("{code}{rest}")).to_string(), code, "{code} {rest}");
            }
        }
    }

    #[test]
    fn the_shortest_number_has_a_code() {
        assert_eq!((code_of("10000"), code_of("55359"), code_of("22501")), (1, 55, 225));
    }
}
