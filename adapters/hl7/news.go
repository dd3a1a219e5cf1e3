package hl7

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
	"bellman/gateway/ident"
)

// news is what one message says to one practice.
type news struct {
	said  int64     // when the sender says it said so, in microseconds since 1970
	came  time.Time // when it came, by our clock
	mark  string    // tells the message from others: a second with the same mark says nothing new
	visit *visitNews
	who   personNews // empty id: the message is about no patient
	prior []string   // patients that went up in who
	mixed []string   // patients of whom it is not clear any more whose appointments are whose
}

// visitNews is what a message says of an appointment. Zero values were not said.
type visitNews struct {
	key    string
	status gateway.Status
	weak   bool // the status is not said
	start  *moment
	site   string
	clinic []string
	mode   gateway.Mode
	// garbled says why nothing of the message can be believed but the key.
	garbled string
}

// moment is a start as it is kept.
type moment struct {
	At    int64         `json:"t"` // seconds since 1970
	Doubt gateway.Doubt `json:"d,omitempty"`
}

// garbage is the error of a message that can never be understood.
type garbage struct{ why string }

func (g garbage) Error() string { return g.why }

// read understands a message. The error is garbage; with it, the news may hold the
// appointment that it was about.
func (a *Adapter) read(m *message.Message, k kind, now time.Time) (news, error) {
	n := news{came: now, said: a.said(m, now), mark: mark(m)}
	prefix := a.rules.facility.prefix(m)
	if k.ofVisit && k.event != eventResource {
		if err := a.readVisit(m, k, prefix, &n); err != nil {
			return n, err
		}
	}
	err := a.readPeople(m, k, prefix, &n)
	if err == nil && n.who.id == "" && len(n.mixed) == 0 && !k.ofVisit {
		err = garbage{"no id of a patient is where the profile looks for it"}
	}
	if err != nil && n.visit != nil {
		n.visit = &visitNews{key: n.visit.key, garbled: err.Error()}
		n.who = personNews{}
	}
	return n, err
}

// readVisit understands what SCH and the resources say. Something wrong in it makes
// the appointment garbled: what is known of it may be out of date.
func (a *Adapter) readVisit(m *message.Message, k kind, prefix string, n *news) error {
	id := strings.TrimSpace(m.At(a.rules.appointment).Text())
	if id == "" || m.At(a.rules.appointment).IsNull() {
		return garbage{"the appointment's id is not where the profile looks for it"}
	}
	v := visitNews{key: shown(prefix, id)}
	n.visit = &v
	start, err := a.start(m)
	switch {
	case err != nil:
		v = visitNews{key: v.key, garbled: "the start " + err.Error()}
		return garbage{v.garbled}
	case start == nil && k.opens:
		v = visitNews{key: v.key, garbled: "a booking without a start"}
		return garbage{v.garbled}
	}
	v.start = start
	v.status, v.weak = a.status(m, k.event)
	v.site = a.site(m)
	v.clinic = a.rules.clinicOf(m)
	v.mode = a.rules.mode.of(m, gateway.ModeUnknown)
	return nil
}

// start gives the first start that is filled in; nil: none is.
func (a *Adapter) start(m *message.Message) (*moment, error) {
	for _, at := range a.rules.start {
		p := m.At(at)
		if at.Component == 0 {
			p = whole(p)
		}
		if p.IsEmpty() || p.IsNull() {
			continue
		}
		t, err := message.Time(strings.TrimSpace(p.Text()), a.rules.zone)
		if err != nil {
			return nil, err
		}
		return &moment{t.At.Unix(), t.Doubt}, nil
	}
	return nil, nil
}

// status lays the word for the status over what the event says: the more negative
// of the two counts, and a word that nobody explained is unknown.
func (a *Adapter) status(m *message.Message, e event) (s gateway.Status, weak bool) {
	word := fold(whole(m.At(a.rules.status)).Text())
	said := word != "" && word != `""`
	switch {
	case e != eventBooked && e != eventChanged:
		return e.status(), false
	case said:
		return a.rules.statuses[word], false
	}
	if e == eventChanged {
		return gateway.StatusUnknown, true
	}
	return gateway.StatusBooked, false
}

// shown gives an id behind its facility as it may be shown: the id by itself, since
// the facility's letters and digits would make one of a name or an NHS number.
func shown(prefix, id string) string { return ident.Shown(prefix + ident.Shown(id)) }

func (a *Adapter) site(m *message.Message) string {
	for _, at := range a.rules.site {
		p := m.At(at)
		if at.Component == 0 {
			p = whole(p)
		}
		if text := strings.TrimSpace(p.Text()); text != "" && !p.IsNull() {
			return ident.Shown(text)
		}
	}
	return ""
}

// of gives what the word at a wording's place means; fallback for one that nobody
// explained, and the zero value where there is none.
func (w wording[T]) of(m *message.Message, fallback T) T {
	var none T
	if len(w.means) == 0 {
		return none
	}
	p := m.At(w.at)
	if w.at.Component == 0 {
		p = whole(p)
	}
	word := fold(p.Text())
	if word == "" || p.IsNull() {
		return none
	}
	if means, ok := w.means[word]; ok {
		return means
	}
	return fallback
}

// far is how far ahead of us a sender's clock may be before its time counts for
// nothing.
const far = 24 * time.Hour

// firstYear is the first in which a message can have been sent. What systems write
// for "no date" (1840, 1900, 1970), or after their clock was lost, is before it; such
// a cancelling would count for less than all that is known.
const firstYear = 2000

// said gives when the sender says it said so: MSH-7, else EVN-2, else now. One that
// lies more than a day ahead would outlive every correction, and counts as now.
func (a *Adapter) said(m *message.Message, now time.Time) int64 {
	t, ok := a.stamp(m, now)
	if !ok || t.Sub(now) > far {
		t = now
	}
	return t.UnixMicro()
}

// stamp reads the message's own time. In the hour that stands twice, it is the
// later instant unless that is still to come.
func (a *Adapter) stamp(m *message.Message, now time.Time) (time.Time, bool) {
	evn, _ := m.Segment("EVN")
	for _, f := range []message.Field{m.Header().Field(7), evn.Field(2)} {
		t, err := message.Time(strings.TrimSpace(f.Part().Part(1).Text()), a.rules.zone)
		if err != nil || t.Doubt == gateway.TimeMissing || t.At.Year() < firstYear {
			continue
		}
		if later := t.At.Add(time.Hour); t.Doubt == gateway.TimeAmbiguous && !later.After(now.Add(gateway.Wobble)) {
			t.At = later
		}
		return t.At, true
	}
	return time.Time{}, false
}

// mark tells a message from others by its control id and all it says. The control id
// alone would not do: senders begin again at 1, and what is lost then could be a
// cancellation. The time alone would not do either: some tell minutes.
func mark(m *message.Message) string {
	h := sha256.New()
	for s := range m.All() {
		if s.Name() != "MSH" {
			h.Write(s.Raw())
			h.Write([]byte{'\r'})
			continue
		}
		for _, n := range []int{3, 4, 9, 10} {
			h.Write(s.Field(n).Raw())
			h.Write([]byte{'\n'})
		}
		if s.Field(10).IsEmpty() {
			h.Write(s.Field(7).Raw())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
