package hl7

import (
	"strconv"
	"time"

	"bellman/gateway"
)

// person is what is kept of one patient, under one id of the sender. New fields may
// come, and are absent from older records.
type person struct {
	NHS    told[string]             `json:"n,omitzero"`
	Given  told[string]             `json:"g,omitzero"`
	Phones map[string]told[[]phone] `json:"f,omitempty"` // by field: PID-13
	// When the sender last said that the patient has died, lives, or something about
	// it that is not understood.
	Dead  int64 `json:"d,omitempty"`
	Alive int64 `json:"a,omitempty"`
	Odd   int64 `json:"o,omitempty"`
	// When the sender last took the patient out, or in.
	Removed int64 `json:"r,omitempty"`
	Added   int64 `json:"i,omitempty"`

	Declined   told[gateway.Flag]     `json:"w,omitzero"`
	Restricted told[gateway.Flag]     `json:"e,omitzero"`
	Needs      told[gateway.Needs]    `json:"y,omitzero"`
	Born       told[string]           `json:"b,omitzero"` // as gateway/born keeps it
	Language   told[gateway.Language] `json:"l,omitzero"`
	Into       told[string]           `json:"m,omitzero"` // the id in which this one went up; empty: it stands
	Mixed      int64                  `json:"x,omitempty"`
	Marks      []string               `json:"k,omitempty"`
	Last       int64                  `json:"z"` // when something last came, in seconds since 1970, by our clock
}

// take lays what a message says of the patient over what is known.
func (p *person) take(n news) {
	if !p.once(n) {
		return
	}
	w := n.who
	if w.nhs != "" {
		p.NHS.tell(n.said, w.nhs)
	}
	if w.given != nil {
		p.Given.tell(n.said, *w.given)
	}
	for field, list := range w.phones {
		if p.Phones == nil {
			p.Phones = map[string]told[[]phone]{}
		}
		known := p.Phones[field]
		known.tell(n.said, list)
		p.Phones[field] = known
	}
	for at, now := range map[*int64]bool{
		&p.Dead: w.life == vitalDead, &p.Alive: w.life == vitalAlive, &p.Odd: w.life == vitalUnclear,
		&p.Removed: w.removed, &p.Added: w.added,
	} {
		if now {
			*at = max(*at, n.said)
		}
	}
	if w.toldWishes {
		p.Declined.tell(n.said, w.declined)
		p.Restricted.tell(n.said, w.restricted)
		p.Needs.tell(n.said, w.needs)
	}
	if w.born != nil {
		p.Born.tell(n.said, *w.born)
	}
	if w.language != nil {
		p.Language.tell(n.said, *w.language)
	}
	if len(n.prior) > 0 {
		p.Into.tell(n.said, "") // something goes up in this one: it stands
	}
}

// once reports whether a message is new to the patient, and remembers it. The same
// words at another time are another message: who was taken out, added and taken out
// again is out, whatever control ids the sender gives.
func (p *person) once(n news) bool {
	if !once(&p.Marks, n.mark+" "+strconv.FormatInt(n.said, 36)) {
		return false
	}
	p.Last = n.came.Unix()
	return true
}

// goInto notes that this id went up in another.
func (p *person) goInto(n news) {
	if p.once(n) {
		p.Into.tell(n.said, n.who.id)
	}
}

// mix notes that it is not clear any more which appointments are this patient's.
func (p *person) mix(n news) {
	if p.once(n) {
		p.Mixed = max(p.Mixed, n.said)
	}
}

// deceased says whether the patient has died. A death that is taken back is for a
// person to look at.
func (p *person) deceased() gateway.Flag {
	switch {
	case p.Odd > max(p.Dead, p.Alive), p.Dead != 0 && p.Alive > p.Dead:
		return gateway.FlagUnclear
	case p.Dead != 0:
		return gateway.FlagYes
	}
	return gateway.FlagNo
}

func (p *person) left() gateway.Flag {
	if p.Removed > p.Added {
		return gateway.FlagYes
	}
	return gateway.FlagNo
}

// grave reports whether what is kept would do harm if it were forgotten.
func (p *person) grave() bool {
	return p.Dead != 0 || p.Odd != 0 || p.Removed != 0 || p.Into.Is != "" || p.Mixed != 0
}

func (p *person) over(now time.Time) bool {
	keep := keepPatients
	if p.grave() {
		keep = keepGrave
	}
	return time.Unix(p.Last, 0).Before(now.Add(-keep))
}

// worse gives the graver of two flags.
func worse(a, b gateway.Flag) gateway.Flag {
	if a == gateway.FlagYes || b == gateway.FlagNo {
		return a
	}
	return b
}
