package gateway

import (
	"slices"
	"strings"
	"unicode"
)

// Reader is what is known of whoever will read a patient's text, as far as it
// decides whether a name may stand in it. The zero Reader is not greeted.
type Reader struct {
	Grown  bool // the patient is known to be 16 or older on the day of the visit (R34)
	Shared bool // other patients of the practice have the number too (R35)
	// Sensitive is set for a visit of which nobody else may learn: the text says no
	// more than it has to (R36).
	Sensitive bool
}

// Greeting gives the name by which a text greets a patient, as the patient writes
// it, or the zero Name where none is to stand there: the practice does not want it,
// the patient may be a child, others read the number's texts, or the name is none
// that anybody is called by. A name is left out rather than guessed at.
func (e Extras) Greeting(n Name, r Reader) Name {
	if !e.FirstName || !r.Grown || r.Sensitive || r.Shared && !e.Family {
		return Name{}
	}
	return NewName(callName(n.Reveal()))
}

// Greeted gives the name by which the text about a visit greets its patient, from
// the name that the source tells, or else from the one that is kept; see Greeting.
func (e Extras) Greeted(f Facts) Name {
	a := f.Appointment
	name := a.Patient.Name
	if name.IsZero() {
		name = a.Patient.Greeting
	}
	return e.Greeting(name, Reader{
		Grown: a.Age == Age16To17 || a.Age == AgeAdult, Shared: f.Shared, Sensitive: a.Class == ClinicSensitive,
	})
}

// longestGreeting is the longest name, in letters and what joins them, that stands
// in a text. A longer one is rather a whole record's worth of names.
const longestGreeting = 20

// callName tidies a given name as it was typed, and gives "" for what cannot be
// one: other scripts than Latin, whose direction would turn the line; digits and
// signs; initials; and what is typed where there is no name.
func callName(s string) string {
	words := strings.Fields(s)
	s = strings.Join(words, " ")
	letters := 0
	for i, r := range []rune(s) {
		switch {
		case unicode.In(r, unicode.Latin):
			letters++
		case i == 0 || !strings.ContainsRune(" '\u2019\u02bc-", r) && !unicode.Is(unicode.Mn, r):
			return ""
		}
		if i >= longestGreeting {
			return ""
		}
	}
	if letters < 2 || slices.ContainsFunc(namesIn(s), isNoName) || !unicode.IsLetter(lastLetter(s)) {
		return ""
	}
	shouted := s == strings.ToUpper(s)
	if shouted || s == strings.ToLower(s) {
		s = capitalised(s)
	}
	if letters == 2 && (shouted || s == strings.ToUpper(s)) {
		return "" // JO or j'o, or the initials of somebody
	}
	return s // as it was written with care: McKenzie, LeRoy
}

// namesIn takes a name apart: Jo-Ann is Jo and Ann, D'Arcy is D'Arcy.
func namesIn(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' })
}

// isNoName reports whether a word is an initial, a title, or what stands in for a
// name that is not known.
func isNoName(word string) bool {
	if len([]rune(word)) < 2 {
		return true
	}
	return slices.Contains(noNames, strings.ToLower(word))
}

var noNames = []string{
	"mr", "mrs", "miss", "ms", "mx", "dr", "prof", "sir", "lady", "lord", "rev", "master", "mast",
	"baby", "infant", "twin", "boy", "girl", "newborn", "unborn",
	"unknown", "unnamed", "none", "null", "nil", "na", "not", "known", "given", "name", "anonymous", "anon",
	"test", "testing", "dummy", "patient", "demo", "temp", "temporary", "deceased", "dead", "late", "duplicate", "do", "use",
	"xx", "xxx", "zz", "zzz",
}

func lastLetter(s string) rune {
	all := []rune(strings.TrimRightFunc(s, func(r rune) bool { return unicode.Is(unicode.Mn, r) }))
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1]
}

// capitalised writes a name that was typed in capitals or small letters only with
// a capital at the beginning of each part.
func capitalised(s string) string {
	begins := true
	return strings.Map(func(r rune) rune {
		switch {
		case !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r):
			begins = true
		case begins:
			begins = false
			return unicode.ToTitle(r)
		default:
			return unicode.ToLower(r)
		}
		return r
	}, s)
}
