package configs

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bellman/gateway"
	"bellman/gateway/message"
)

// extrasSection is what a practice has its texts say besides the least.
type extrasSection struct {
	FirstName    bool              `yaml:"first_name"`
	Family       bool              `yaml:"family"`
	Sites        map[string]string `yaml:"sites"`
	CancelByText bool              `yaml:"cancel_by_text"`
	Accents      accents           `yaml:"accents"`
	CostLine     costSection       `yaml:"cost_line"`
}

type costSection struct {
	Pounds int    `yaml:"pounds"`
	Source string `yaml:"source"`
}

// accents is drop or keep.
type accents bool

func (a *accents) set(s string) string {
	switch s {
	case "keep":
		*a = false
	case "drop":
		*a = true
	default:
		return "must be keep or drop: what becomes of letters such as the ŷ of Tŷ, of which one makes a text cost double and more"
	}
	return ""
}

func (e extrasSection) domain() gateway.Extras {
	return gateway.Extras{
		FirstName: e.FirstName, Family: e.Family, Sites: e.Sites, CancelByText: e.CancelByText, DropAccents: bool(e.Accents),
		Cost: gateway.Cost{Pounds: e.CostLine.Pounds, Source: strings.TrimSpace(e.CostLine.Source)},
	}
}

// The bounds of what stands in every text.
const (
	longestSite   = 40
	longestSource = 200
	mostPounds    = 1000
)

// check finds what is wrong with the extras of a policy that stands at path.
func (e extrasSection) check(path string, out *report) {
	for _, id := range slices.Sorted(maps.Keys(e.Sites)) {
		at, name := under(path, under("sites", keyShown(id))), e.Sites[id]
		switch {
		case strings.TrimSpace(name) == "":
			out.fault(at, "is empty: write the name that patients know the place by, or remove the line")
		case utf8.RuneCountInString(name) > longestSite || strings.ContainsFunc(name, unicode.IsControl):
			out.fault(at, "must be one name of at most 40 letters, on one line")
		default:
			lint(name, at, out)
		}
	}
	if e.Family && !e.FirstName {
		out.fault(under(path, "family"), "is for first_name only: greet by first name too, or take the key away")
	}
	c, at := e.CostLine, under(path, "cost_line")
	switch said := strings.TrimSpace(c.Source); {
	case c == (costSection{}):
	case c.Pounds < 1 || c.Pounds > mostPounds:
		out.fault(under(at, "pounds"), "must be from 1 to 1000 whole pounds")
	case said == "":
		out.fault(under(at, "source"), "is missing: say who found out the figure, and when; the page for patients shows it")
	case utf8.RuneCountInString(said) > longestSource || strings.ContainsFunc(said, unicode.IsControl):
		out.fault(under(at, "source"), "must be at most 200 letters, on one line")
	}
}

// anySender can be answered: what only it may say is looked at with the practice.
const anySender = "+447700900001"

// lint refuses a name that would put into every text what the rules forbid.
func lint(name, path string, out *report) {
	for _, found := range message.Lint(name, anySender) {
		out.fault(path, found+", so it cannot be worded: write the plain name that patients know")
	}
}

// checkWords words the longest texts of a practice that has no other fault, so that
// what does not fit is found before a patient misses a text.
func checkWords(p gateway.Practice, path string, out *report) {
	if !message.Known(p.Policy.Wording) || out.silent(path) || out.silent(under(path, "nation")) {
		return
	}
	if p.Policy.Extras.CancelByText && !message.CanReceive(p.Sender) {
		out.fault(under(path, "policy.cancel_by_text"), "needs a sender that patients can answer, and this one is a name: give it a number, or take the key away")
		return
	}
	switch err := message.Fits(p); {
	case err == nil:
	case errors.Is(err, message.ErrExtras) && out.found("policy."): // told already, with its own path
	case errors.Is(err, message.ErrExtras):
		out.fault(under(path, "policy"), "adds more to the texts than fits ("+err.Error()+"): shorten the places' names, or leave out cost_line, cancel_by_text or first_name")
	default:
		out.fault(under(path, "name"), "cannot be worded with this phone ("+err.Error()+"): write plain letters, and shorten it")
	}
}
