package message

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bellman/gateway"
)

// shown is the practice as it stands in a text.
type shown struct {
	practice, phone string
	places          map[string]string // by the source's id
	plain           bool              // without accents that the GSM alphabet lacks
	nameless        bool              // without the patient's name
}

var (
	errName  = errors.New("the practice's name cannot stand in a text")
	errPhone = errors.New("the practice's phone cannot stand in a text")
	errPlace = errors.New("the name of a place cannot stand in a text")

	// A name is letters and what stands between them; no braces, brackets or
	// signs that mean something to a machine.
	nameWords  = regexp.MustCompile(`^[\pL\pM\pN][\pL\pM\pN '&.,()/+!:-]*$`)
	phoneWords = regexp.MustCompile(`^[+(]?[0-9][0-9 ()-]*(?: [a-z0-9 ,()]+)?$`)
	// What a patient is called by, as gateway.Extras.Greeting lets it pass.
	calledWords = regexp.MustCompile(`^[\pL\pM][\pL\pM '-]+$`)
)

// longestName is the longest name by which a patient is greeted.
const longestName = 20

// CanReceive reports whether patients can answer the sender: an alphanumeric
// name cannot be written to, so it may not ask for an answer (R23).
func CanReceive(sender string) bool {
	if len(sender) < 8 || len(sender) > 16 || sender[0] != '+' || sender[1] == '0' {
		return false
	}
	for _, r := range sender[1:] {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// shownAs gives the practice's name and phone, tidied: typographic marks that
// would double the price of the text become plain ones.
func shownAs(p gateway.Practice) (shown, error) {
	v := shown{practice: tidy(p.Name), phone: tidy(p.Phone), plain: p.Policy.Extras.DropAccents}
	switch {
	case !nameWords.MatchString(v.practice):
		return shown{}, errName
	case !phoneWords.MatchString(v.phone) || digits(v.phone) < 6:
		return shown{}, errPhone
	}
	v.places = make(map[string]string, len(p.Policy.Extras.Sites))
	for id, name := range p.Policy.Extras.Sites {
		if v.places[id] = tidy(name); !nameWords.MatchString(v.places[id]) {
			return shown{}, errPlace
		}
	}
	if v.plain {
		return v.withoutAccents(), nil
	}
	return v, nil
}

// withoutAccents gives the practice written in plain letters.
func (v shown) withoutAccents() shown {
	v.plain, v.practice = true, withoutAccents(v.practice)
	places := make(map[string]string, len(v.places))
	for id, name := range v.places {
		places[id] = withoutAccents(name)
	}
	v.places = places
	return v
}

// forms gives the ways in which the practice may stand in a text, the preferred
// one first: as it is written, in plain letters, and without the patient's name,
// which alone may still hold a letter that doubles the length.
func (v shown) forms() []shown {
	plain := v.withoutAccents()
	nameless := plain
	nameless.nameless = true
	return []shown{v, plain, nameless}
}

// greeted gives a patient's name as it stands in a text, "" for none.
func (v shown) greeted(n gateway.Name) string {
	name := tidy(n.Reveal())
	switch {
	case v.nameless || !calledWords.MatchString(name) || utf8.RuneCountInString(name) > longestName:
		return ""
	case v.plain:
		return withoutAccents(name)
	}
	return name
}

// shortest words something about a practice with its name as it is written, and
// again without accents that the GSM alphabet lacks when it would not fit
// otherwise: Meddygfa Tŷ Gwyn keeps its circumflex wherever there is room.
func shortest(p gateway.Practice, words func(shown) (string, error)) (string, error) {
	v, err := shownAs(p)
	if err != nil {
		return "", err
	}
	s, err := words(v)
	if err != nil {
		return "", err
	}
	if _, n := Count(s); n <= MaxSegments {
		return s, nil
	}
	return words(v.withoutAccents())
}

var plainMarks = strings.NewReplacer(
	"\u2018", "'", "\u2019", "'", "\u02bc", "'", "`", "'", "\u00b4", "'",
	"\u201c", "", "\u201d", "", "\u2010", "-", "\u2011", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
)

func tidy(s string) string {
	s = plainMarks.Replace(norm.NFC.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// withoutAccents takes the accents off letters that GSM does not have, and
// leaves é, à and the others that it has.
func withoutAccents(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(gsmBasic, r) {
			b.WriteRune(r)
			continue
		}
		for _, part := range norm.NFD.String(string(r)) {
			if !unicode.Is(unicode.Mn, part) {
				b.WriteRune(part)
			}
		}
	}
	return b.String()
}

// withoutMarks takes every accent off.
func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}
