//! Names that others choose: what of them may stand in a line of text, and whether two of them look alike.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

/// Characters that can be seen by nobody, or that steer the writing direction of what stands around them.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The name as it may stand in a line of text: no control or invisible character, single spaces.
pub fn clean(name: &str) -> String {
    let visible = name.chars().filter(|&character| !is_invisible(character));
    let spaced: String = visible.map(|character| if character.is_control() { ' ' } else { character }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ")
}

/// The letters of `text` as the eye takes them: look-alikes of Unicode's table (UTS #39 §4) and a few that it leaves out become one,
/// case and accents go, and so does everything that is no letter or digit.
pub fn fold(text: &str) -> String {
    let plain: String = text
        .nfkc()
        .filter_map(|character| if is_invisible(character) { None } else { Some(alike_beyond_the_table(enclosed(character))) })
        .collect();
    let bare = |text: &str| text.nfkd().filter(|&character| !is_combining_mark(character)).collect::<String>();
    let alike: String = bare(&skeleton(&bare(&plain)).collect::<String>()).to_lowercase();
    let letters: String = alike.chars().map(alike_beyond_the_table).filter(|character| character.is_alphanumeric()).collect();
    // The table takes `m` for `rn`.
    letters.replace("rn", "m")
}

/// Letters in dark circles and squares, and those of flags, which compatibility forms leave as they are.
fn enclosed(character: char) -> char {
    let letter = |base: u32| char::from_u32(u32::from(character) - base + u32::from('a')).unwrap_or(character);
    match character {
        '\u{1f150}'..='\u{1f169}' => letter(0x1f150),
        '\u{1f170}'..='\u{1f189}' => letter(0x1f170),
        '\u{1f1e6}'..='\u{1f1ff}' => letter(0x1f1e6),
        _ => character,
    }
}

fn alike_beyond_the_table(character: char) -> char {
    match character {
        'l' | '1' | '|' | '!' | '¡' | 'ı' | 'ɪ' | 'ι' | 'і' | 'ǃ' | 'ᶦ' | 'j' => 'i',
        '0' | 'ο' | 'о' | 'ᴏ' | 'ø' | 'ɵ' | 'θ' | 'ө' | 'σ' | 'º' | '°' | '◯' | '○' | '●' => 'o',
        '3' | '€' | 'ε' | 'є' | 'ɛ' | 'ᴇ' | 'ə' | 'ǝ' | 'з' | 'ɘ' | 'ҽ' | 'е' | '£' => 'e',
        'ᴍ' | 'м' | 'ʍ' | 'ɱ' | 'μ' | 'ṃ' => 'm',
        'ɴ' | 'и' | 'й' | 'п' | 'η' | 'ŋ' | 'ɲ' | 'ո' | 'ν' | 'н' | 'ɳ' => 'n',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_to_show_steers_and_hides_nothing() {
        assert_eq!(clean("  Exa\u{202e}mple\n\t Ltd\u{200b}\u{7} "), "Example Ltd");
        assert_eq!(clean("\u{200b}\u{2800}\u{3164}"), "");
    }
}
