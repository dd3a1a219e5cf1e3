package calendar

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"bellman/gateway"
)

// event is one component as it stands, before recurrences are worked out.
type event struct {
	uid        string
	block      block
	start      moment
	recurrence *moment // which of its series it replaces
	rule       string
	more       []moment // RDATE
	less       []moment // EXDATE
	status     gateway.Status
	sequence   int
	stamp      string
	allDay     bool
	texts      [4]string
}

// event reads one component. It gives the problem of one that cannot be used, with
// the UID as far as that can be read.
func (r *reader) event(b block) (e event, problem string) {
	e.block = b
	props, ok := taken(b)
	if !ok || b.long {
		e.uid = loneUID(b)
		return e, "a line of it is broken or too long"
	}
	e.uid = strings.TrimSpace(text(props, "UID"))
	switch {
	case e.uid == "" || len(props["UID"]) > 1:
		e.uid = ""
		return e, "has no UID by which to know it again"
	case len(props["DTSTART"]) > 1 || len(props["RRULE"]) > 1 || len(props["RECURRENCE-ID"]) > 1 || len(props["STATUS"]) > 1:
		return e, "says something twice that can stand only once"
	}
	e.sequence, e.stamp = version(props)
	if e.recurrence, problem = r.recurrence(props); problem != "" {
		return e, problem
	}
	if problem = r.times(props, &e); problem != "" {
		return e, problem
	}
	e.status = statusOf(props, b.cancel)
	for i, name := range []string{"SUMMARY", "DESCRIPTION", "LOCATION", "CATEGORIES"} {
		e.texts[i] = text(props, name)
	}
	return e, ""
}

// times reads when it starts, and how it recurs.
func (r *reader) times(props ical.Props, e *event) string {
	start := props.Get("DTSTART")
	if start == nil {
		if e.block.cancel {
			return "" // which one it calls off stands in UID and RECURRENCE-ID
		}
		return "has no start"
	}
	var problem string
	if e.start, problem = r.zones.moment(*start, start.Value); problem != "" {
		return problem
	}
	if e.allDay = e.start.day || wholeDays(props, e.start); e.allDay {
		r.out.AllDay++
		return "" // nobody's appointment, however it recurs
	}
	if len(props["EXRULE"]) > 0 {
		return "has a rule of exceptions, which is not read"
	}
	if p := props.Get("RRULE"); p != nil {
		e.rule = p.Value
	}
	if e.more, problem = r.list(props["RDATE"]); problem != "" {
		return problem
	}
	e.less, problem = r.list(props["EXDATE"])
	return problem
}

// mostListed bounds the dates that one series lists.
const mostListed = 500

func (r *reader) list(props []ical.Prop) ([]moment, string) {
	var out []moment
	for _, p := range props {
		for v := range strings.SplitSeq(p.Value, ",") {
			v, _, _ = strings.Cut(v, "/") // of a period, when it begins
			m, problem := r.zones.moment(p, v)
			if problem != "" {
				return nil, problem
			}
			if out = append(out, m); len(out) > mostListed {
				return nil, "lists more dates than any series has"
			}
		}
	}
	return out, ""
}

func (r *reader) recurrence(props ical.Props) (*moment, string) {
	p := props.Get("RECURRENCE-ID")
	if p == nil {
		return nil, ""
	}
	if p.Params.Get("RANGE") != "" {
		return nil, "changes its series from one date on, which is not read"
	}
	m, problem := r.zones.moment(*p, p.Value)
	return &m, problem
}

// wholeDays reports events that last whole days although they are written with
// times, as Outlook does.
func wholeDays(props ical.Props, start moment) bool {
	if p := props.Get("X-MICROSOFT-CDO-ALLDAYEVENT"); p != nil && strings.EqualFold(p.Value, "TRUE") {
		return true
	}
	if start.wall.Hour() != 0 || start.wall.Minute() != 0 {
		return false
	}
	if p := props.Get("DTEND"); p != nil && wallForm.MatchString(p.Value) {
		end, err := time.Parse("20060102T150405", strings.TrimSuffix(p.Value, "Z"))
		long := end.Sub(start.wall)
		return err == nil && long > 0 && long%(24*time.Hour) == 0
	}
	p := props.Get("DURATION")
	return p != nil && daysLong.MatchString(p.Value)
}

var daysLong = regexp.MustCompile(`^\+?P[0-9]+[DW]$`)

// statusOf reads whether an event is on. Time that is marked as free may be a note
// and no visit.
func statusOf(props ical.Props, cancel bool) gateway.Status {
	said := strings.ToUpper(strings.TrimSpace(text(props, "STATUS")))
	switch {
	case cancel, said == "CANCELLED":
		return gateway.StatusCancelled
	case said != "" && said != "CONFIRMED", strings.EqualFold(text(props, "TRANSP"), "TRANSPARENT"):
		return gateway.StatusUnknown
	}
	return gateway.StatusBooked
}

// version gives by what the newer of two is known: SEQUENCE, then when it was last
// changed, written so that it compares as text.
func version(props ical.Props) (int, string) {
	n, err := strconv.Atoi(strings.TrimSpace(text(props, "SEQUENCE")))
	if err != nil || n < 0 {
		n = 0
	}
	for _, name := range []string{"LAST-MODIFIED", "DTSTAMP"} {
		if s := strings.TrimSpace(text(props, name)); wallForm.MatchString(s) {
			return n, s
		}
	}
	return n, ""
}

// taken takes the lines of a component apart. It reports false when one of them is
// not as a calendar has it: the library panics on some.
func taken(b block) (props ical.Props, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	whole := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + strings.Join(b.lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	c, err := ical.NewDecoder(strings.NewReader(whole)).Decode()
	if err != nil || len(c.Children) != 1 {
		return nil, false
	}
	return c.Children[0].Props, true
}

// loneUID looks for the UID of a component that cannot be taken apart, so that
// nothing else of that event is believed either.
func loneUID(b block) string {
	for _, l := range b.lines {
		if nameOf(l) == "UID" {
			if _, value, ok := strings.Cut(l, ":"); ok {
				return strings.TrimSpace(value)
			}
		}
	}
	return ""
}

// text gives the words of a property as a person wrote them. The library would end
// them at a comma that somebody forgot to escape.
func text(props ical.Props, name string) string {
	p := props.Get(name)
	if p == nil {
		return ""
	}
	return unescaped.Replace(p.Value)
}

var unescaped = strings.NewReplacer(`\\`, `\`, `\,`, ",", `\;`, ";", `\n`, "\n", `\N`, "\n")
