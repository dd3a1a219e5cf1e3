package files

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// profiled is how many rows are looked at to say what a column holds.
const profiled = 500

// profile says what the cells of each column look like. It is shown to a person
// and used for nothing else.
type profile struct {
	rows    int
	columns []guess
}

// guess is what one column's cells look like.
type guess struct {
	kinds   map[string]int // by the words below
	formats map[string]int // how many of the dates fit each of DateFormats
	dates   int
}

// look takes in one row.
func (p *profile) look(cells []string) {
	if p.rows++; p.rows > profiled {
		return
	}
	for i, c := range cells {
		if i >= len(p.columns) {
			p.columns = append(p.columns, guess{kinds: map[string]int{}, formats: map[string]int{}})
		}
		p.columns[i].look(strings.TrimSpace(c))
	}
}

// dateReaders are the readers of all DateFormats.
var dateReaders = func() map[string]dateReader {
	out := map[string]dateReader{}
	for _, f := range DateFormats {
		out[f] = newDateReader(f, "")
	}
	return out
}()

func (g *guess) look(s string) {
	fits := 0
	for format, r := range dateReaders {
		d := s
		if m := r.joined.FindStringSubmatch(s); m != nil {
			d = m[1]
		}
		if _, problem, err := r.date(d); problem == "" && err == nil && d != "" {
			g.formats[format]++
			fits++
		}
	}
	kind := kindOf(s)
	if fits > 0 && kind != "numbers" && kind != "mobile numbers" {
		g.dates++
		kind = "dates"
		if strings.Contains(s, ":") {
			kind = "dates with a time"
		}
	}
	g.kinds[kind]++
}

var (
	looksMobile = regexp.MustCompile(`^(\+44|0044|44|0)?\(?0?\)?7[0-9]{9}$`)
	looksNumber = regexp.MustCompile(`^[0-9]+$`)
	looksMail   = regexp.MustCompile(`^\S+@\S+\.\S+$`)
)

// kindOf names what a cell looks like, dates left out.
func kindOf(s string) string {
	tight := strings.NewReplacer(" ", "", "-", "", "'", "").Replace(s)
	_, problem := readTime(s, false)
	switch _, plain := flagWords[plainWord(s)]; {
	case s == "":
		return "empty"
	case looksMobile.MatchString(tight):
		return "mobile numbers"
	case scientific.MatchString(s):
		return "numbers that a spreadsheet has shortened"
	case problem == "":
		return "times"
	case plain && !looksNumber.MatchString(s):
		return "yes or no"
	case validNHS(plainNHS(s)):
		return "NHS numbers"
	case looksNumber.MatchString(s):
		return "numbers"
	case looksMail.MatchString(s):
		return "e-mail addresses"
	case strings.ContainsFunc(s, unicode.IsDigit):
		return "words with digits"
	}
	return "words"
}

// String says what a column holds, the most frequent first.
func (g guess) String() string {
	kinds := slices.SortedFunc(maps.Keys(g.kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(g.kinds[b], g.kinds[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, k := range kinds {
		out = append(out, fmt.Sprintf("%d %s", g.kinds[k], k))
	}
	return strings.Join(out, ", ")
}

// fits lists the date formats that fit every date of the column.
func (g guess) fits() []string {
	var out []string
	for _, f := range DateFormats {
		if g.dates > 0 && g.formats[f] >= g.dates {
			out = append(out, f)
		}
	}
	return out
}
