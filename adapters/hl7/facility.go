package hl7

import (
	"slices"
	"strings"

	"bellman/adapters/hl7/message"
)

// facilityRule picks a practice's messages out of a hospital's. The zero value
// takes all.
type facilityRule struct {
	at message.Path
	is []string // folded
}

func (f Facility) rule() facilityRule {
	if f.Field == "" {
		return facilityRule{}
	}
	at, _ := message.ParsePath(f.Field) // Check has seen that it is one
	r := facilityRule{at: at}
	for _, s := range f.Is {
		r.is = append(r.is, fold(s))
	}
	return r
}

// has reports whether a message is this practice's. What is said of patients comes
// to all when the place that tells the practice is one of the visit: a patient of
// one clinic dies in another.
func (f facilityRule) has(m *message.Message, aboutVisit bool) bool {
	if len(f.is) == 0 || !aboutVisit && f.at.Segment != "MSH" {
		return true
	}
	return slices.Contains(f.is, fold(whole(m.At(f.at)).Text()))
}

// prefix stands before ids where more than one facility sends: each has numbers of
// its own. It ends in a slash.
func (f facilityRule) prefix(m *message.Message) string {
	if f.at.Segment == "MSH" && f.at.Field == 4 && len(f.is) == 1 {
		return ""
	}
	from := strings.TrimSpace(m.Header().Field(4).Part().Part(1).Text())
	if from == "" {
		return ""
	}
	return from + "/"
}

// whole gives the first component of a value that has several, since a path to a
// whole field means the value that stands there.
func whole(p message.Part) message.Part {
	if first := p.Part(1); !first.IsEmpty() {
		return first
	}
	return p
}
