package hl7sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// writer writes one message. s.mu is held as long as it is used.
type writer struct {
	s       *Sim
	field   string
	comp    string
	rep     string
	escape  string
	sub     string
	lineEnd string
	control string
	at      time.Time
}

func (s *Sim) writer() writer {
	d := s.faults.Delimiters
	if len(d) < 5 {
		d = `|^~\&`
	}
	end := s.faults.LineEnd
	if end == "" {
		end = "\r"
	}
	s.control++
	return writer{s, d[0:1], d[1:2], d[2:3], d[3:4], d[4:5], end, fmt.Sprintf("SIM%06d", s.control), s.next()}
}

// next gives the time of the next message: now, and later than the one before.
func (s *Sim) next() time.Time {
	now := s.options.Clock.Now().Truncate(100 * time.Microsecond)
	if !now.After(s.stamp) {
		now = s.stamp.Add(100 * time.Microsecond)
	}
	s.stamp = now
	return now
}

// fields are a segment's fields by their numbers, written already.
type fields map[int]string

func (w writer) segment(name string, f fields) string {
	last := 0
	for n := range f {
		last = max(last, n)
	}
	out := name
	for n := 1; n <= last; n++ {
		out += w.field + f[n]
	}
	return out
}

// parts joins components, each escaped.
func (w writer) parts(values ...string) string {
	for i := range values {
		values[i] = w.escaped(values[i])
	}
	return strings.TrimRight(strings.Join(values, w.comp), w.comp)
}

func (w writer) repeated(values ...string) string { return strings.Join(values, w.rep) }

func (w writer) escaped(s string) string {
	return strings.NewReplacer(
		w.escape, w.escape+"E"+w.escape, w.field, w.escape+"F"+w.escape, w.comp, w.escape+"S"+w.escape,
		w.rep, w.escape+"R"+w.escape, w.sub, w.escape+"T"+w.escape, "\n", w.escape+".br"+w.escape,
	).Replace(s)
}

// time writes a time of the hospital's clock on the wall, or with an offset.
func (w writer) time(t time.Time) string {
	layout := "20060102150405"
	if w.s.faults.Offsets {
		layout += "-0700"
	}
	return t.In(gateway.London()).Format(layout)
}

func (w writer) stamp() string {
	if w.s.faults.Minutes {
		return w.at.In(gateway.London()).Format("200601021504")
	}
	layout := "20060102150405.0000"
	if w.s.faults.Offsets {
		layout += "-0700"
	}
	return w.at.In(gateway.London()).Format(layout)
}

// message gives the message and its control id.
func (w writer) message(code, event, structure string, segments ...string) (string, []byte) {
	msh := "MSH" + w.field + w.comp + w.rep + w.escape + w.sub + w.field +
		strings.Join([]string{
			"SIMPAS", w.escaped(w.s.options.Facility), "BELLMAN", "TEXTS", w.stamp(), "",
			w.parts(code, event, structure), w.control, "P", "2.4", "", "", w.s.faults.AcceptAck, w.s.faults.ApplicationAck, "", w.charsetName(),
		}, w.field)
	all := append([]string{strings.TrimRight(msh, w.field)}, segments...)
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	body := []byte(strings.Join(all, w.lineEnd) + w.lineEnd)
	if strings.HasPrefix(w.s.faults.Charset, "8859") || w.s.faults.Charset == Unannounced {
		if b, err := charmap.Windows1252.NewEncoder().Bytes(body); err == nil {
			body = b
		}
	}
	return w.control, body
}

// charsetName is what MSH-18 says.
func (w writer) charsetName() string {
	if w.s.faults.Charset == Unannounced {
		return ""
	}
	return w.s.faults.Charset
}

func (w writer) id(person int) string { return strconv.Itoa(w.s.stands(person)) }

func (w writer) slot(slot int) string { return w.parts(strconv.Itoa(slot), "SIMPAS") }

func (w writer) evn(event string) string {
	return w.segment("EVN", fields{1: event, 2: w.stamp()})
}

func (w writer) sch(v surgery.Visit, start, event string) string {
	f := fields{
		2: w.slot(v.Slot), 8: w.parts(Modes[v.Mode]), 9: strconv.Itoa(v.Minutes), 10: "M",
		11: w.parts("", "", strconv.Itoa(v.Minutes), start, w.time(v.Start.Add(time.Duration(v.Minutes)*time.Minute))),
	}
	status := statusWords[v.Status]
	if event == "S17" {
		status = "Deleted"
	}
	switch {
	case !w.s.faults.NoStatus:
		f[25] = w.parts(status)
	case event == "S14", v.Status != gateway.StatusBooked:
		f[6] = w.parts(status)
	}
	return w.segment("SCH", f)
}

// pid writes a patient. The home number stands before the mobile, as it mostly does.
func (w writer) pid(p surgery.Person) string {
	f := fields{
		1: "1",
		3: w.repeated(w.parts(strconv.Itoa(p.ID), "", "", w.s.options.Facility, "PI"), w.parts(p.NHSNumber, "", "", "NHS", "NH")),
		5: w.parts(p.Family, p.Given, "", "", p.Title), 7: p.BornAs("20060102"), 15: w.parts(p.Language),
		13: w.repeated(w.parts(p.Home, "PRN", "PH"), w.mobile(p.Mobile)),
		30: "N",
	}
	if !p.Died.IsZero() {
		f[29], f[30] = w.time(p.Died), "Y"
	}
	return w.segment("PID", f)
}

func (w writer) mobile(number string) string {
	if number == "" {
		return ""
	}
	return w.parts(number, "PRN", "CP")
}

// wishes writes a segment of the simulated hospital's own, since the standard has no
// place for whether a patient wants texts: ZTX-1 is Y or N.
func (w writer) wishes(p surgery.Person) string {
	if p.Declined {
		return w.segment("ZTX", fields{1: "N"})
	}
	return w.segment("ZTX", fields{1: "Y"})
}

func (w writer) pv1(v surgery.Visit) string {
	return w.segment("PV1", fields{1: "1", 2: "O", 3: w.place(v)})
}

func (w writer) ail(v surgery.Visit) string {
	return w.segment("AIL", fields{1: "1", 2: "A", 3: w.place(v)})
}

// ais writes the service of a visit at a clinic with a name of its own.
func (w writer) ais(v surgery.Visit) string {
	if v.Clinic == "" {
		return ""
	}
	return w.segment("AIS", fields{1: "1", 2: "A", 3: w.parts("SVC1", v.Clinic, "LOCAL")})
}

func (w writer) place(v surgery.Visit) string {
	return w.parts(fmt.Sprintf("SITE%d", v.Site), "", "", w.s.options.Facility, "", "", "", "", "Ear, nose & throat")
}
