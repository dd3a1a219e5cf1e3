package configs

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Writes says what Bellman may change in a practice's clinical system. Each is the
// name of the person at the practice who approved it; empty: it is not done, and
// becomes a task for people.
type Writes struct {
	OptOuts       string `yaml:"opt_outs"`      // a STOP is written to the patient's preference
	Cancellations string `yaml:"cancellations"` // an appointment is cancelled when asked for
}

func (w Writes) checked(path string, out *report) Writes {
	w.OptOuts = approver(w.OptOuts, under(path, "opt_outs"), out)
	w.Cancellations = approver(w.Cancellations, under(path, "cancellations"), out)
	return w
}

// approver refuses what people write when they mean "yes": it must be seen later
// who decided.
func approver(name, path string, out *report) string {
	name = strings.TrimSpace(name)
	switch strings.ToLower(name) {
	case "":
		return ""
	case "true", "yes", "on", "false", "no", "off":
		out.fault(path, "must be the name of the person at the practice who approved it; to leave it off, remove the key")
		return ""
	}
	if utf8.RuneCountInString(name) > longestName || strings.ContainsFunc(name, unicode.IsControl) {
		out.fault(path, "must be one name of at most 40 letters")
		return ""
	}
	return name
}

// The bounds of max_requests.
const (
	usualRequests = 300
	mostRequests  = 6000
)

func maxRequests(n *int, path string, out *report) int {
	if n == nil {
		return usualRequests
	}
	if *n < 1 || *n > mostRequests {
		out.fault(under(path, "max_requests"), fmt.Sprintf("must be from 1 to %d requests a minute", mostRequests))
		return usualRequests
	}
	return *n
}
