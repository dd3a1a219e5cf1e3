package configs

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"bellman/gateway"
)

// practiceSection is a practice as it is written.
type practiceSection struct {
	ODS         ods     `yaml:"ods"`
	Name        string  `yaml:"name"`
	Phone       string  `yaml:"phone"`
	Nation      nation  `yaml:"nation"`
	Sender      string  `yaml:"sender"`
	Poll        string  `yaml:"poll"`
	Complaints  string  `yaml:"complaints"`
	MaxRequests *int    `yaml:"max_requests"`
	Writes      Writes  `yaml:"writes"`
	Policy      later   `yaml:"policy"`
	Source      later   `yaml:"source"`
	Checks      []later `yaml:"checks"`
}

// practices checks the practices and gives them with their policies complete.
func practices(doc document, root *node, from files, out *report) []Practice {
	if len(doc.Practices) == 0 {
		out.fault("practices", "is empty: describe at least one practice")
	}
	made := make([]Practice, len(doc.Practices))
	seen := practicesSeen{ods: map[ods]int{}, senders: map[string]int{}, weeks: weeks{}}
	written := root.get("practices")
	for i, p := range doc.Practices {
		path := fmt.Sprintf("practices[%d]", i)
		if written.items[i].shape == empty {
			out.fault(path, "is empty: describe the practice, or remove the dash")
			continue
		}
		before := len(out.faults)
		checkPractice(p, doc.Mode, path, out)
		seen.check(i, p, path, out)
		policy := ownPolicy(p.Policy, doc, from, out)
		checkSelfCancel(policy.Cancel, p, path, out)
		checkCancelWords(policy, p, doc.Twilio.CustomOptOutWords, path, out)
		made[i] = Practice{
			Practice: gateway.Practice{
				ODS: gateway.ODS(p.ODS), Name: p.Name, Phone: p.Phone, Nation: gateway.Nation(p.Nation),
				Sender: p.Sender, Policy: policy.domain(),
			},
			Poll:        p.Poll,
			Complaints:  complaints(p.Complaints, under(path, "complaints"), out),
			MaxRequests: maxRequests(p.MaxRequests, path, out),
			Writes:      p.Writes.checked(under(path, "writes"), out),
			Source:      sourceOf(p.Source, under(path, "source"), from, out),
			Checks:      checksOf(p.Checks, under(path, "checks"), from, out),
		}
		if len(out.faults) == before {
			checkWords(made[i].Practice, path, out)
		}
		seen.weeks.check(made[i], path, out)
	}
	return made
}

// ownPolicy lays what a practice says over the policy of all. A fault that the
// practice merely inherits is not told again.
func ownPolicy(l later, doc document, from files, out *report) policySection {
	policy := doc.Policy
	if l.node == nil || l.node.shape == empty {
		return policy
	}
	bindInto(&policy, l.node, l.path, binder{out: out, files: from})
	found := &report{unread: out.unread}
	checkPolicy(policy, doc.Mode, l.path, found)
	for _, f := range found.faults {
		if said(l.node, strings.TrimPrefix(f.Path, l.path+".")) {
			out.faults = append(out.faults, f)
		}
	}
	return policy
}

// said reports whether a section says anything of what a path points to. The
// lead times hang on latest as well.
func said(section *node, path string) bool {
	key, _, _ := strings.Cut(path, ".")
	key, _, _ = strings.Cut(key, "[")
	return section.get(key) != nil || key == "reminders" && section.get("latest") != nil
}

func sourceOf(l later, path string, from files, out *report) Source {
	return sectionOf(l, path, from, out, sectionWords{
		nothing: "is missing: say which clinical system the practice has, such as {type: emis, ...}",
		noType:  "is missing: name the clinical system, such as emis",
		notWord: "must be one word, such as emis",
	})
}

// longestComplaints is the longest that the page for patients says of where to
// complain.
const longestComplaints = 200

func complaints(s, path string, out *report) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > longestComplaints || strings.ContainsFunc(s, unicode.IsControl) {
		out.fault(path, "must be at most 200 letters, on one line: say whom patients may complain to and how")
	}
	return s
}

// The longest that a practice may call itself: name and phone stand in every
// text and are paid for every time.
const (
	longestName  = 40
	longestPhone = 20
)

func checkPractice(p practiceSection, mode Mode, path string, out *report) {
	if p.ODS == "" {
		out.fault(under(path, "ods"), "is missing: write the practice's ODS code, such as A81001")
	}
	checkName(p.Name, under(path, "name"), out)
	checkPhone(p.Phone, under(path, "phone"), out)
	if p.Nation == "" {
		out.fault(under(path, "nation"), "is missing: write england, wales, scotland or northern-ireland")
	}
	checkSender(p.Sender, mode, under(path, "sender"), out)
	if problem := pollProblem(p.Poll); problem != "" {
		out.fault(under(path, "poll"), problem)
	}
}

func checkName(name, path string, out *report) {
	switch {
	case strings.TrimSpace(name) == "":
		out.fault(path, "is missing: patients must see who texts them")
	case utf8.RuneCountInString(name) > longestName:
		out.fault(path, "is longer than 40 letters: it stands in every text, so write the short form that patients know")
	case strings.ContainsFunc(name, unicode.IsControl):
		out.fault(path, "holds a line break or a control character: write it on one line")
	default:
		lint(name, path, out)
	}
}

var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 ()-]*$`)

func checkPhone(phone, path string, out *report) {
	digits := strings.Count(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return 'd'
		}
		return -1
	}, phone), "d")
	switch {
	case strings.TrimSpace(phone) == "":
		out.fault(path, "is missing: write the number that patients may ring, such as 01632 960001")
	case len(phone) > longestPhone || !phoneForm.MatchString(phone) || digits < 6 || digits > 15:
		out.fault(path, "must be one telephone number of at most 20 characters, such as 01632 960001")
	}
}

// practicesSeen finds what two practices may not share.
type practicesSeen struct {
	ods     map[ods]int
	senders map[string]int
	weeks   weeks
}

func (s practicesSeen) check(i int, p practiceSection, path string, out *report) {
	if first, ok := s.ods[p.ODS]; ok && p.ODS != "" {
		out.fault(under(path, "ods"), fmt.Sprintf("is the code of practices[%d] too: every practice has its own", first))
	} else {
		s.ods[p.ODS] = i
	}
	sender := strings.ToLower(p.Sender)
	if first, ok := s.senders[sender]; ok && sender != "" {
		out.fault(under(path, "sender"), fmt.Sprintf("is the sender of practices[%d] too: a patient's STOP would reach the wrong practice", first))
	} else {
		s.senders[sender] = i
	}
}
