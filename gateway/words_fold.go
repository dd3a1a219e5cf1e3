package gateway

import (
	"strings"
	"unicode"
)

// fold brings a text to capitals, digits and spaces: NFKC as far as patients'
// keyboards need it, without a table of all the world's letters, which the ground
// floor does not carry. Other scripts stay as they are.
func fold(s string) string {
	var b strings.Builder
	var last rune
	for _, r := range s {
		r = everyday(r)
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // combining marks, zero-width, direction
			continue
		case strings.ContainsRune("'\u2018\u2019\u02bc`\u00b4", r): // dont is don't
			continue
		case unicode.IsDigit(r) && unicode.IsLetter(last): // YES7567
			b.WriteByte(' ')
			b.WriteRune(r)
		case unicode.Is(unicode.Mc, r): // a vowel of an Indian script
			b.WriteRune(r)
		case unicode.IsLetter(r):
			b.WriteRune(bare(unicode.ToUpper(r)))
		case unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
		last = r
	}
	return b.String()
}

// everyday gives the letter or digit of which Unicode knows a full-width, bold,
// italic, circled or boxed form, as apps for fancy writing make them.
func everyday(r rune) rune {
	const letters, digits = 26, 10
	in := func(from, to rune) bool { return r >= from && r <= to }
	switch {
	case in('\uff01', '\uff5e'):
		return r - '\uff01' + '!'
	case in('\u24b6', '\u24cf'):
		return r - '\u24b6' + 'A'
	case in('\u24d0', '\u24e9'):
		return r - '\u24d0' + 'a'
	case in('\U0001f130', '\U0001f149'):
		return r - '\U0001f130' + 'A'
	case in('\U0001d400', '\U0001d6a3'): // thirteen alphabets, capitals before small letters
		if r = (r - '\U0001d400') % (2 * letters); r < letters {
			return r + 'A'
		}
		return r - letters + 'a'
	case in('\U0001d7ce', '\U0001d7ff'):
		return (r-'\U0001d7ce')%digits + '0'
	}
	return r
}

// bare takes the accent off a Latin capital of Welsh or French.
func bare(r rune) rune {
	const accented, plain = "ÀÁÂÄÃÇÈÉÊËÌÍÎÏÑÒÓÔÖÕÙÚÛÜẀẂŴẄỲÝŶŸ", "AAAAACEEEEIIIINOOOOOUUUUWWWWYYYY"
	if r < 'À' {
		return r
	}
	i := 0
	for _, a := range accented {
		if a == r {
			return rune(plain[i])
		}
		i++
	}
	return r
}

// lookalikes gives the Latin capitals that digits, signs, and capitals of Greek and
// Cyrillic look like.
var lookalikes = strings.NewReplacer(
	"0", "O", "1", "I", "5", "S", "$", "S", "@", "A",
	"А", "A", "В", "B", "Е", "E", "Ѕ", "S", "І", "I", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "У", "Y", "Х", "X",
	"Α", "A", "Β", "B", "Ε", "E", "Ι", "I", "Κ", "K", "Μ", "M", "Ν", "N", "Ο", "O", "Ρ", "P", "Τ", "T", "Υ", "Y", "Χ", "X",
)

// oneSlip reports whether s is the word, or the word with one letter missing,
// added, changed, or two neighbours swapped. It is for long words only, which no
// other word of a patient is near to.
func oneSlip(s, word string) bool {
	if len(s) > len(word) {
		s, word = word, s
	}
	if len(word)-len(s) > 1 {
		return false
	}
	i := 0
	for i < len(s) && s[i] == word[i] {
		i++
	}
	rest, wrest := s[i:], word[i:]
	switch {
	case len(s) < len(word):
		return rest == wrest[1:]
	case len(rest) < 2:
		return true
	}
	swapped := rest[0] == wrest[1] && rest[1] == wrest[0] && rest[2:] == wrest[2:]
	return swapped || rest[1:] == wrest[1:]
}
