package calendar

import (
	"bytes"
	"errors"
	"strings"
)

const (
	longestLine   = 64 << 10 // bytes of one line, unfolded
	deepest       = 8        // components within components
	mostOfAnEvent = 2_000    // lines of one event that are looked at
)

// block is the lines of one component, unfolded, without those of what stands
// within it.
type block struct {
	number int  // which event it is, counted from 1
	line   int  // on which line of the text it begins
	cancel bool // it stands in a calendar that calls off
	long   bool // a line of it is too long
	lines  []string
	inner  []block // of time zones: their rules
	name   string
}

// pieces is a calendar's text, taken apart.
type pieces struct {
	events, zones      []block
	calendars, cancels int
	whole              bool
}

// wanted are the lines of an event that are looked at; of the rest, which may be
// long and private, nothing is kept.
var wanted = map[string]bool{
	"UID": true, "DTSTART": true, "DTEND": true, "DURATION": true, "RRULE": true, "RDATE": true, "EXDATE": true, "EXRULE": true,
	"RECURRENCE-ID": true, "STATUS": true, "SEQUENCE": true, "DTSTAMP": true, "LAST-MODIFIED": true, "TRANSP": true,
	"SUMMARY": true, "DESCRIPTION": true, "LOCATION": true, "CATEGORIES": true, "X-MICROSOFT-CDO-ALLDAYEVENT": true,
	"TZID": true, "TZOFFSETTO": true, "X-LIC-LOCATION": true,
}

// cut takes a text apart into its events and time zones.
func cut(text []byte) (pieces, error) {
	var p pieces
	var open []*block
	in, cancel := false, false
	err := eachLine(text, func(line int, s string, long bool) error {
		name := nameOf(s)
		value := strings.ToUpper(strings.TrimSpace(s[min(len(s), len(name)+1):]))
		switch {
		case !in:
			if name != "BEGIN" || value != "VCALENDAR" {
				return errors.New("it is not a calendar: it does not begin as one")
			}
			in, cancel, p.whole = true, false, false
			p.calendars++
		case name == "BEGIN":
			if len(open) == deepest {
				return errors.New("it is not a calendar: its parts nest deeper than any do")
			}
			open = append(open, &block{line: line, name: value, cancel: cancel})
		case name == "END" && len(open) == 0 && value == "VCALENDAR":
			in, p.whole = false, true
		case name == "END":
			if len(open) == 0 || open[len(open)-1].name != value {
				return errors.New("it is not a calendar: its parts do not end as they begin")
			}
			done := open[len(open)-1]
			open = open[:len(open)-1]
			return p.keep(done, open)
		case len(open) == 0:
			if name == "METHOD" {
				if cancel = value == "CANCEL"; cancel {
					p.cancels++
				} else if value != "PUBLISH" && value != "REQUEST" {
					return errors.New("it is no diary but an answer or a proposal between calendars")
				}
			}
		default:
			open[len(open)-1].add(name, s, long)
		}
		return nil
	})
	if err == nil && p.calendars == 0 {
		err = errors.New("it is empty")
	}
	if !p.whole || in {
		p.whole = false
	}
	return p, err
}

func (b *block) add(name, line string, long bool) {
	if !wanted[name] || len(b.lines) >= mostOfAnEvent {
		b.long = b.long || wanted[name]
		return
	}
	// A description may be as long as it likes; the rest may not.
	if long && name != "DESCRIPTION" {
		b.long = true
		return
	}
	b.lines = append(b.lines, line)
}

func (p *pieces) keep(b *block, open []*block) error {
	switch {
	case len(open) == 0 && b.name == "VEVENT":
		if len(p.events) == mostEvents {
			return errors.New("it holds more events than any diary")
		}
		b.number = len(p.events) + 1
		p.events = append(p.events, *b)
	case len(open) == 0 && b.name == "VTIMEZONE":
		if len(p.zones) < 100 {
			p.zones = append(p.zones, *b)
		}
	case len(open) > 0 && open[0].name == "VTIMEZONE" && len(open[0].inner) < 100:
		open[0].inner = append(open[0].inner, *b)
	}
	return nil
}

// nameOf gives the name of a line's property, in capitals.
func nameOf(s string) string {
	if i := strings.IndexAny(s, ":;"); i >= 0 {
		return strings.ToUpper(s[:i])
	}
	return strings.ToUpper(s)
}

// eachLine unfolds the lines of a text: a line that begins with a space or tab goes
// on with the one before (RFC 5545 section 3.1). Line ends may be of any system.
// Blank lines are passed over.
func eachLine(text []byte, do func(line int, s string, long bool) error) error {
	var whole []byte
	begun, number, long := 0, 0, false
	flush := func() error {
		if begun == 0 {
			return nil
		}
		s := string(whole)
		if long {
			s = s[:min(len(s), longestLine)]
		}
		err := do(begun, s, long)
		whole, begun, long = whole[:0], 0, false
		return err
	}
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text, number = rest, number+1
		line = bytes.TrimRight(line, "\r")
		if begun > 0 && len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			if len(whole)+len(line) > longestLine {
				long = true
			} else {
				whole = append(whole, line[1:]...)
			}
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		begun, long = number, len(line) > longestLine
		whole = append(whole, line[:min(len(line), longestLine)]...)
	}
	return flush()
}
